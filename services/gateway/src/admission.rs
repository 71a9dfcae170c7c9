//! Who comes in, and how often: revoked tokens and rate limits, in one round trip to Redis.
//!
//! When Redis is away the door stays open: a bucket in this process limits instead, and revocation (which lasts at most
//! as long as an access token) is not seen. Both are counted.

mod bucket;
mod local;

use std::time::Duration;

use chassis::metrics::Metrics;
use prometheus::{IntCounter, IntCounterVec, opts};
use redis::{Script, aio::ConnectionManager};
use tracing::warn;

pub(crate) use self::bucket::{Bucket, Decision};
use self::local::LocalBuckets;

/// Redis answers in well under a millisecond; waiting longer for it would cost more than it protects.
const REDIS_PATIENCE: Duration = Duration::from_millis(50);

/// Decides about each request.
#[derive(Clone)]
pub(crate) struct Admission {
    redis: ConnectionManager,
    script: std::sync::Arc<Script>,
    local: LocalBuckets,
    decisions: IntCounterVec,
    fallbacks: IntCounter,
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
    /// Connects lazily: the gateway starts without Redis, too.
    pub(crate) async fn new(redis_url: &str, metrics: &Metrics) -> anyhow::Result<Self> {
        let client = redis::Client::open(redis_url)?;
        let config = redis::aio::ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(500)))
            .set_response_timeout(Some(REDIS_PATIENCE));
        let redis = ConnectionManager::new_lazy_with_config(client, config)?;
        let decisions = IntCounterVec::new(
            opts!(
                "gateway_rate_limit_decisions_total",
                "Requests let in and refused, by tier."
            ),
            &["tier", "decision"],
        )
        .expect("names are valid");
        let fallbacks = IntCounter::new(
            "gateway_redis_fallbacks_total",
            "Requests decided without Redis because it did not answer.",
        )
        .expect("the name is valid");
        Ok(Self {
            redis,
            script: std::sync::Arc::new(Script::new(bucket::SCRIPT)),
            local: LocalBuckets::default(),
            decisions: metrics.register(decisions),
            fallbacks: metrics.register(fallbacks),
        })
    }

    /// Takes one token from the bucket, and asks whether the access token (if there is one) was revoked.
    pub(crate) async fn admit(&self, bucket: &Bucket, token_id: Option<uuid::Uuid>) -> Admitted {
        let admitted = match self.ask_redis(bucket, token_id).await {
            Ok(admitted) => admitted,
            Err(error) => {
                if self.fallbacks.get().is_multiple_of(1000) {
                    warn!(%error, "redis does not answer; limiting in this process");
                }
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

    async fn ask_redis(
        &self,
        bucket: &Bucket,
        token_id: Option<uuid::Uuid>,
    ) -> redis::RedisResult<Admitted> {
        let mut redis = self.redis.clone();
        let revoked_key =
            token_id.map_or_else(|| "revoked:none".to_owned(), |id| format!("revoked:{id}"));
        let (revoked, allowed, remaining, reset_ms): (bool, bool, u32, u64) = self
            .script
            .key(&bucket.key)
            .key(revoked_key)
            .arg(bucket.per_minute)
            .invoke_async(&mut redis)
            .await?;
        let decision = Decision {
            allowed,
            limit: bucket.per_minute,
            remaining,
            reset: Duration::from_millis(reset_ms),
        };
        Ok(Admitted { revoked, decision })
    }

    /// For readiness.
    pub(crate) async fn ping(&self) -> redis::RedisResult<()> {
        let mut redis = self.redis.clone();
        redis::cmd("PING").query_async(&mut redis).await
    }
}
