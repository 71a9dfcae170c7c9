//! Who comes in, and how often: revoked tokens and rate limits, in one round trip to Redis.
//!
//! When Redis is away the door stays open: a bucket in this process limits instead, and revocation (which lasts at most
//! as long as an access token) is not seen. That is counted. A breaker keeps requests from waiting for a Redis that
//! does not answer.

mod bucket;
mod local;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chassis::{
    auth::User,
    metrics::{EdgeWatch, Metrics, Spec},
};
use prometheus::{IntCounter, IntCounterVec};
use redis::{
    Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use resilience::{BreakerConfig, CallResult, CircuitBreaker, Window};
use tokio::time::timeout;
use tracing::warn;
use uuid::Uuid;

pub(crate) use self::bucket::{Bucket, Decision, network};
use self::local::LocalBuckets;

const DECISIONS: Spec = Spec::new(
    "gateway_rate_limit_decisions_total",
    "Requests let in and refused, by tier.",
    &["tier", "decision"],
);
const FALLBACKS: Spec = Spec::new(
    "gateway_redis_fallbacks_total",
    "Requests decided without Redis because it did not answer.",
    &[],
);

/// Redis answers in well under a millisecond; waiting longer for it would cost more than it protects.
const REDIS_PATIENCE: Duration = Duration::from_millis(50);

/// Decides about each request.
#[derive(Clone)]
pub(crate) struct Admission {
    redis: ConnectionManager,
    breaker: CircuitBreaker,
    script: Arc<Script>,
    local: LocalBuckets,
    decisions: IntCounterVec,
    fallbacks: IntCounter,
    _watch: Arc<EdgeWatch>,
}

/// What is known about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// The token was revoked.
    pub(crate) revoked: bool,
    /// The rate limit's word.
    pub(crate) decision: Decision,
}

impl Admission {
    /// Connects with the first request: the gateway starts without Redis, too.
    pub(crate) fn new(redis_url: &str, metrics: &Metrics) -> anyhow::Result<Self> {
        let client = redis::Client::open(redis_url).context("REDIS_URL")?;
        // The next request is the next attempt to connect; no request waits for a series of them.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(Duration::from_millis(500)))
            .set_response_timeout(Some(REDIS_PATIENCE));
        let breaker = CircuitBreaker::new(breaker_config());
        let watch = metrics.watch_edge("gateway->redis", breaker.clone(), None);
        Ok(Self {
            redis: ConnectionManager::new_lazy_with_config(client, config)?,
            breaker,
            script: Arc::new(Script::new(bucket::SCRIPT)),
            local: LocalBuckets::default(),
            decisions: metrics.counter(DECISIONS),
            fallbacks: metrics.single_counter(FALLBACKS),
            _watch: Arc::new(watch),
        })
    }

    /// Takes one token from the bucket, and asks whether the user's access token, or the whole session that it belongs
    /// to, was revoked.
    pub(crate) async fn admit(&self, bucket: &Bucket, user: Option<&User>) -> Admitted {
        let admitted = match self.ask_redis(bucket, user).await {
            Some(admitted) => admitted,
            None => {
                self.fallbacks.inc();
                Admitted {
                    revoked: false,
                    decision: self.local.take(bucket),
                }
            }
        };
        let decision = if admitted.decision.allowed {
            "allowed"
        } else {
            "refused"
        };
        self.decisions
            .with_label_values(&[bucket.tier, decision])
            .inc();
        admitted
    }

    /// Whether limits are shared by all gateways at the moment, and revocation is seen.
    pub(crate) fn is_shared(&self) -> bool {
        self.breaker.would_admit(Instant::now())
    }

    async fn ask_redis(&self, bucket: &Bucket, user: Option<&User>) -> Option<Admitted> {
        let permit = self.breaker.try_acquire(Instant::now()).ok()?;
        let answer = timeout(REDIS_PATIENCE, self.run_script(bucket, user)).await;
        let answer = answer.unwrap_or_else(|_| Err(std::io::Error::from(TIMED_OUT).into()));
        let verdict = match &answer {
            Ok(_) => CallResult::Success,
            Err(error) => {
                warn!(%error, "redis does not answer; limiting in this process");
                CallResult::Failure
            }
        };
        permit.record(Instant::now(), verdict);
        answer.ok()
    }

    async fn run_script(
        &self,
        bucket: &Bucket,
        user: Option<&User>,
    ) -> redis::RedisResult<Admitted> {
        let mut redis = self.redis.clone();
        let revoked_key = |id: Option<Uuid>| {
            id.map_or_else(|| "revoked:none".to_owned(), |id| format!("revoked:{id}"))
        };
        let (revoked, allowed, remaining, reset_ms): (bool, bool, u32, u64) = self
            .script
            .key(&bucket.key)
            .key(revoked_key(user.map(|user| user.token_id)))
            .key(revoked_key(user.map(|user| user.session_id)))
            .arg(bucket.per_minute.get())
            .invoke_async(&mut redis)
            .await?;
        let decision = Decision {
            allowed,
            limit: bucket.per_minute.get(),
            remaining,
            reset: Duration::from_millis(reset_ms),
        };
        Ok(Admitted { revoked, decision })
    }
}

const TIMED_OUT: std::io::ErrorKind = std::io::ErrorKind::TimedOut;

/// Quick to open and quick to look again: the fallback is good, and so is having Redis back.
fn breaker_config() -> BreakerConfig {
    BreakerConfig {
        window: Window::Count(20),
        minimum_calls: 5,
        half_open_permits: 1,
        open_wait: Duration::from_secs(1),
        open_wait_multiplier: 1.0,
        ..BreakerConfig::default()
    }
}
