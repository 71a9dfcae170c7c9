//! What can be done with accounts and sessions: each command is one transaction of state and event, and what follows it.
//!
//! Passwords are hashed and keys are read before a transaction is opened; Redis is told after it was committed.

mod accounts;
mod admin;
mod revocations;
mod sessions;

use chassis::{db::Db, events::Outbox};
use tracing::warn;

pub(crate) use self::sessions::LoggedIn;
use crate::{
    config::{AttemptLimits, Lifetimes},
    hasher::Hasher,
    keys::Keys,
    metrics::AccountMetrics,
    store::redis::Redis,
};

/// Everything that commands need.
#[derive(Clone)]
pub(crate) struct Commands {
    pub(crate) pool: Db,
    pub(crate) outbox: Outbox,
    pub(crate) redis: Redis,
    pub(crate) hasher: Hasher,
    pub(crate) keys: Keys,
    pub(crate) metrics: AccountMetrics,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) attempts: AttemptLimits,
}

impl Commands {
    fn without_redis(&self, what: &str, error: &redis::RedisError) {
        self.metrics.redis_failures.with_label_values(&[what]).inc();
        warn!(what, %error, "done without Redis");
    }
}
