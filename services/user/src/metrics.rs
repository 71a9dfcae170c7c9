//! Business metrics of accounts. Labels are closed lists.

use chassis::metrics::Metrics;
use prometheus::{IntCounter, IntCounterVec, opts};

/// What is counted.
#[derive(Clone)]
pub(crate) struct AccountMetrics {
    /// `users_registered_total`
    pub(crate) registered: IntCounter,
    /// `user_logins_total{outcome}`: succeeded, refused, limited.
    pub(crate) logins: IntCounterVec,
    /// `user_refreshes_total{outcome}`: rotated, reused, refused.
    pub(crate) refreshes: IntCounterVec,
    /// `user_redis_failures_total{use}`: login_attempts, revocation_check, revocation. Each was done without.
    pub(crate) redis_failures: IntCounterVec,
}

impl AccountMetrics {
    /// Registers them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let counter = |name: &str, help: &str, label: &str| {
            let counter = IntCounterVec::new(opts!(name, help), &[label]);
            metrics.register(counter.expect("names are valid"))
        };
        let registered = IntCounter::new("users_registered_total", "Accounts registered.");
        Self {
            registered: metrics.register(registered.expect("the name is valid")),
            logins: counter("user_logins_total", "Login attempts by outcome.", "outcome"),
            refreshes: counter("user_refreshes_total", "Refreshes by outcome.", "outcome"),
            redis_failures: counter(
                "user_redis_failures_total",
                "What was done without Redis, because it did not answer.",
                "use",
            ),
        }
    }
}
