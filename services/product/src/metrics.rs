//! Business metrics, with bounded labels: never a search term or a product id.

use chassis::metrics::{Metrics, Spec};
use prometheus::IntCounterVec;

const CHANGES: Spec = Spec::new(
    "product_changes_total",
    "Changes of the catalogue.",
    &["change"],
);
const SEARCHES: Spec = Spec::new(
    "product_searches_total",
    "Searches, by what they found.",
    &["outcome"],
);

/// The counters of the catalogue.
#[derive(Clone)]
pub struct CatalogueMetrics {
    /// Change: created, updated, archived.
    pub changes: IntCounterVec,
    /// Outcome: found, empty. Lists without a search term are not counted.
    pub searches: IntCounterVec,
}

impl CatalogueMetrics {
    /// Registers the counters.
    pub fn register(metrics: &Metrics) -> Self {
        Self {
            changes: metrics.counter(CHANGES),
            searches: metrics.counter(SEARCHES),
        }
    }

    pub(crate) fn count_changes(&self, change: &str, count: usize) {
        self.changes
            .with_label_values(&[change])
            .inc_by(count as u64);
    }

    pub(crate) fn count_search(&self, total: i64) {
        let outcome = if total > 0 { "found" } else { "empty" };
        self.searches.with_label_values(&[outcome]).inc();
    }
}
