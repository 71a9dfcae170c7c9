//! How often: exact at any concurrency, by tier, with the headers that tell a client where it stands.

use std::time::Instant;

use chassis::testing::auth::claims;
use futures_util::future::join_all;
use parts::for_tests::PrivateRedis;
use reqwest::Method;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::support::{Gateway, send};

#[tokio::test]
async fn not_one_request_more_than_the_limit_gets_through_at_once() {
    let gateway = Gateway::start_with(&[("RATE_LIMIT_STANDARD_PER_MINUTE", "30")]).await;
    let token = gateway.auth.user_token(Uuid::now_v7(), &["customer"]);
    let started = Instant::now();
    let requests = (0..100).map(|_| send(gateway.get("/api/v1/orders").bearer_auth(&token)));
    let answers = join_all(requests).await;
    let refilled = started.elapsed().as_secs() / 2 + 1;
    // A Redis that is slow for a moment is not waited for: the gateway lets by its own count, and says so.
    let without_redis = gateway.metric(&["gateway_redis_fallbacks_total"]) as u64;
    let most = 30 + usize::try_from(refilled + without_redis).unwrap();
    let allowed = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(
        (30..=most).contains(&allowed),
        "{allowed} of at most {most}, {without_redis} without Redis"
    );
    assert_eq!(gateway.upstream("order").hits(), allowed);
    let refused = answers.iter().find(|answer| answer.status != 200).unwrap();
    assert_eq!(refused.problem(), (429, "too_many_requests"));
    assert_eq!(refused.body["retryable"], true);
    assert_eq!(refused.header("x-ratelimit-limit"), "30");
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    let other = send(gateway.as_customer(Method::GET, "/api/v1/orders")).await;
    assert_eq!(other.status, 200, "somebody else has a bucket of their own");
}

#[tokio::test]
async fn the_headers_count_down_on_every_answer() {
    let redis = PrivateRedis::start().await.unwrap();
    let gateway = Gateway::start_with(&[
        ("REDIS_URL", &redis.url()),
        ("RATE_LIMIT_ANONYMOUS_PER_MINUTE", "10"),
    ])
    .await;
    for (path, status, remaining) in [
        ("/api/v1/products", 200, "9"),
        ("/api/v1/orders", 401, "8"),
        ("/api/v1/nothing", 404, "7"),
        ("/api/v9/orders", 404, "6"),
    ] {
        let answer = send(gateway.get(path)).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.header("x-ratelimit-remaining"), remaining, "{path}");
        let reset: u64 = answer.header("x-ratelimit-reset").parse().unwrap();
        assert!((1..=60).contains(&reset), "{path}");
    }
}

#[tokio::test]
async fn each_tier_has_its_own_limit() {
    let redis = PrivateRedis::start().await.unwrap();
    let key = |name: &str| format!("{name}:premium:{}", hex::encode(Sha256::digest("s3same")));
    let gateway = Gateway::start_with(&[
        ("REDIS_URL", &redis.url()),
        ("RATE_LIMIT_ANONYMOUS_PER_MINUTE", "11"),
        ("RATE_LIMIT_STANDARD_PER_MINUTE", "22"),
        ("RATE_LIMIT_PREMIUM_PER_MINUTE", "33"),
        ("RATE_LIMIT_AUTH_PER_MINUTE", "5"),
        ("GATEWAY_API_KEYS", &key("partner")),
    ])
    .await;
    let mut premium = claims(Uuid::now_v7(), &["customer"], 900);
    premium.tier = "premium".to_owned();
    let products = || gateway.get("/api/v1/products");
    for (request, limit) in [
        (products(), "11"),
        (gateway.as_customer(Method::GET, "/api/v1/products"), "22"),
        (products().bearer_auth(gateway.auth.sign(&premium)), "33"),
        (products().header("x-api-key", "s3same"), "33"),
        (gateway.request(Method::POST, "/api/v1/auth/login"), "5"),
    ] {
        let answer = send(request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("x-ratelimit-limit"), limit);
    }
    let seen = send(products().header("x-api-key", "s3same")).await;
    assert!(
        seen.body["headers"].get("x-api-key").is_none(),
        "the key stays at the door"
    );
    let unknown = send(products().header("x-api-key", "guess")).await;
    assert_eq!(unknown.problem(), (401, "api_key_invalid"));
    let key_is_no_user = send(gateway.get("/api/v1/orders").header("x-api-key", "s3same")).await;
    assert_eq!(key_is_no_user.problem(), (401, "token_missing"));
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_browsing_goes_on() {
    let redis = PrivateRedis::start().await.unwrap();
    let gateway = Gateway::start_with(&[
        ("REDIS_URL", &redis.url()),
        ("RATE_LIMIT_AUTH_PER_MINUTE", "3"),
    ])
    .await;
    let login = || gateway.request(Method::POST, "/api/v1/auth/login");
    for _ in 0..3 {
        assert_eq!(send(login()).await.status, 200);
    }
    assert_eq!(send(login()).await.status, 429);
    let register = gateway.request(Method::POST, "/api/v1/auth/register");
    assert_eq!(
        send(register).await.status,
        429,
        "one bucket for all of them"
    );
    assert_eq!(gateway.upstream("user").hits(), 3);
    assert_eq!(send(gateway.get("/api/v1/products")).await.status, 200);
    assert!(gateway.metric(&["gateway_rate_limit_decisions_total", "auth", "refused"]) >= 2.0);
}

#[tokio::test]
async fn while_redis_is_away_the_gateway_limits_by_itself() {
    let mut redis = PrivateRedis::start().await.unwrap();
    let gateway = Gateway::start_with(&[
        ("REDIS_URL", &redis.url()),
        ("RATE_LIMIT_STANDARD_PER_MINUTE", "20"),
    ])
    .await;
    let token = gateway.auth.user_token(Uuid::now_v7(), &["customer"]);
    let ask = || send(gateway.get("/api/v1/orders").bearer_auth(&token));
    assert_eq!(ask().await.header("x-ratelimit-remaining"), "19");
    redis.kill().await.unwrap();
    let started = Instant::now();
    let mut allowed = 0;
    for _ in 0..40 {
        allowed += usize::from(ask().await.status == 200);
    }
    let refilled = usize::try_from(started.elapsed().as_secs() / 3).unwrap() + 1;
    assert!((20..=20 + refilled).contains(&allowed), "{allowed}");
    assert!(gateway.metric(&["gateway_redis_fallbacks_total"]) >= 40.0);
    let ready = format!("{}/ready", gateway.running.admin_url());
    assert_eq!(
        send(gateway.client.get(&ready)).await.status,
        200,
        "it can do its work"
    );

    redis.restart().await.unwrap();
    chassis::testing::wait_for(crate::support::LIMIT, async || {
        let before = gateway.metric(&["gateway_redis_fallbacks_total"]);
        send(gateway.get("/api/v1/products")).await;
        gateway.metric(&["gateway_redis_fallbacks_total"]) == before
    })
    .await;
}
