//! Business metrics, with bounded labels: never a search term or a product id.

use chassis::metrics::Metrics;
use prometheus::{IntCounterVec, opts};

/// The counters of the catalogue.
#[derive(Clone)]
pub struct CatalogueMetrics {
    /// `product_changes_total{change}`: created, updated, archived.
    pub changes: IntCounterVec,
    /// `product_searches_total{outcome}`: found, empty. Lists without a search term are not counted.
    pub searches: IntCounterVec,
}

impl CatalogueMetrics {
    /// Registers the counters.
    pub fn register(metrics: &Metrics) -> Self {
        let family = |name: &str, help: &str, label: &str| {
            let family = IntCounterVec::new(opts!(name, help), &[label]);
            metrics.register(family.expect("names are valid"))
        };
        Self {
            changes: family(
                "product_changes_total",
                "Changes of the catalogue.",
                "change",
            ),
            searches: family(
                "product_searches_total",
                "Searches, by what they found.",
                "outcome",
            ),
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
