//! What can be done with accounts and sessions: each command is one transaction of state and event, and what follows it.
//!
//! Passwords are hashed and keys are read before a transaction is opened; Redis is told after it was committed.

mod accounts;
mod admin;
mod sessions;

use chassis::events::Outbox;
use sqlx::PgPool;
use tracing::warn;

pub(crate) use self::sessions::LoggedIn;
use crate::{
    config::{AttemptLimits, Lifetimes},
    domain::SessionId,
    hasher::Hasher,
    keys::Keys,
    metrics::AccountMetrics,
    store::{redis::Redis, revocations},
};

/// Everything that commands need.
#[derive(Clone)]
pub(crate) struct Commands {
    pub(crate) pool: PgPool,
    pub(crate) outbox: Outbox,
    pub(crate) redis: Redis,
    pub(crate) hasher: Hasher,
    pub(crate) keys: Keys,
    pub(crate) metrics: AccountMetrics,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) attempts: AttemptLimits,
}

impl Commands {
    /// Tells everybody who looks into Redis that the access tokens of these sessions are over. Without Redis this
    /// service still knows, and nothing can be refreshed; elsewhere the tokens live out their minutes.
    async fn announce_revoked(&self, sessions: &[SessionId]) {
        let lifetime_s = u64::from(self.lifetimes.access_s);
        let ids: Vec<_> = sessions
            .iter()
            .map(|session| (session.0, lifetime_s))
            .collect();
        if let Err(error) = revocations::revoke(&self.redis, &ids).await {
            self.without_redis("revocation", &error);
        }
    }

    fn without_redis(&self, what: &str, error: &redis::RedisError) {
        self.metrics.redis_failures.with_label_values(&[what]).inc();
        warn!(what, %error, "done without Redis");
    }
}
