//! What this service counts.

use chassis::metrics::Metrics;
use prometheus::{IntCounterVec, opts};

use crate::domain::Kind;

/// `notifications_total{kind,outcome}`: sent; unwanted by the customer; nobody there any more;
/// postponed by the mail server (counted at each attempt); undeliverable for good.
#[derive(Clone)]
pub(crate) struct NotificationMetrics(IntCounterVec);

impl NotificationMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let opts = opts!(
            "notifications_total",
            "Mails by kind and what became of them."
        );
        let counter = IntCounterVec::new(opts, &["kind", "outcome"]).expect("names are valid");
        Self(metrics.register(counter))
    }

    pub(crate) fn count(&self, kind: Kind, outcome: &str) {
        self.0.with_label_values(&[kind.as_str(), outcome]).inc();
    }
}
