//! What every request pays: a token checked, a breaker asked, a retry budget fed. No I/O.

use std::{hint::black_box, sync::Arc, time::Duration};

use chassis::{
    auth::{ServiceTokens, StaticKeys, Verifier},
    config::Secret,
    testing::auth::{claims, new_rsa_key, public_jwk},
};
use criterion::{Criterion, criterion_group, criterion_main};
use jsonwebtoken::{Algorithm, Header, jwk::JwkSet};
use resilience::{BreakerConfig, CallResult, CircuitBreaker, RetryBudget};
use uuid::Uuid;

/// Longer than any benchmark runs.
const DAY_S: i64 = 86_400;

fn tokens(c: &mut Criterion) {
    let key = new_rsa_key();
    let keys = StaticKeys::default();
    let set = JwkSet {
        keys: vec![public_jwk(&key, "key-1")],
    };
    keys.replace(&set).expect("a good key");
    let secret = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
    let services = ServiceTokens::new("order", &secret).expect("long enough");
    let header = Header {
        kid: Some("key-1".to_owned()),
        ..Header::new(Algorithm::RS256)
    };
    let claims = claims(Uuid::now_v7(), &["customer"], DAY_S);
    let user = jsonwebtoken::encode(&header, &claims, &key).expect("plain claims");
    let verifier = Verifier::new(Arc::new(keys), services.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without I/O");
    c.bench_function("verify a user's token", |bench| {
        bench.iter(|| runtime.block_on(verifier.verify(black_box(&user))).is_ok());
    });
    c.bench_function("issue and verify a service's token", |bench| {
        bench.iter(|| runtime.block_on(verifier.verify(&services.issue())).is_ok());
    });
}

fn resilience(c: &mut Criterion) {
    let breaker = CircuitBreaker::new(BreakerConfig::default());
    // The clock is handed in, so that reading it is no part of this.
    let now = std::time::Instant::now();
    c.bench_function("ask a breaker and tell it the result", |bench| {
        bench.iter(|| {
            let permit = breaker.try_acquire(black_box(now)).expect("it is closed");
            permit.record(now, CallResult::Success);
        });
    });
    let budget = RetryBudget::new(20, 10, Duration::from_secs(10));
    c.bench_function("pay into a retry budget and take out of it", |bench| {
        bench.iter(|| {
            budget.deposit(black_box(now));
            budget.try_withdraw(now)
        });
    });
}

criterion_group!(benches, tokens, resilience);
criterion_main!(benches);
