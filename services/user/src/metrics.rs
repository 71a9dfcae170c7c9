//! Business metrics of accounts. Labels are closed lists.

use chassis::metrics::{Metrics, Spec};
use prometheus::{IntCounter, IntCounterVec};

const REGISTERED: Spec = Spec::new("users_registered_total", "Accounts registered.", &[]);
const LOGINS: Spec = Spec::new(
    "user_logins_total",
    "Login attempts by outcome.",
    &["outcome"],
);
const REFRESHES: Spec = Spec::new(
    "user_refreshes_total",
    "Refreshes by outcome.",
    &["outcome"],
);
const REDIS_FAILURES: Spec = Spec::new(
    "user_redis_failures_total",
    "What was done without Redis, because it did not answer.",
    &["use"],
);

/// What is counted.
#[derive(Clone)]
pub(crate) struct AccountMetrics {
    pub(crate) registered: IntCounter,
    /// Outcome: succeeded, refused, limited.
    pub(crate) logins: IntCounterVec,
    /// Outcome: rotated, reused, refused.
    pub(crate) refreshes: IntCounterVec,
    /// Use: login_attempts, revocation_check, revocation. Each was done without.
    pub(crate) redis_failures: IntCounterVec,
}

impl AccountMetrics {
    /// Registers them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            registered: metrics.single_counter(REGISTERED),
            logins: metrics.counter(LOGINS),
            refreshes: metrics.counter(REFRESHES),
            redis_failures: metrics.counter(REDIS_FAILURES),
        }
    }
}
