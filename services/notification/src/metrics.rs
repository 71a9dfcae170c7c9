//! What this service counts.

use chassis::metrics::{Metrics, Spec};
use prometheus::IntCounterVec;

use crate::domain::Kind;

const MAILS: Spec = Spec::new(
    "notifications_total",
    "Mails by kind and what became of them.",
    &["kind", "outcome"],
);

/// Outcome: sent; unwanted by the customer; nobody there any more;
/// postponed by the mail server (counted at each attempt); undeliverable for good.
#[derive(Clone)]
pub(crate) struct NotificationMetrics(IntCounterVec);

impl NotificationMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self(metrics.counter(MAILS))
    }

    pub(crate) fn count(&self, kind: Kind, outcome: &str) {
        self.0.with_label_values(&[kind.as_str(), outcome]).inc();
    }
}
