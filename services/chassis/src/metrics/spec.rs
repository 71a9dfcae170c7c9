//! What a metric is called, what it says and how it is split: written once, in one list per crate.

use prometheus::{HistogramOpts, Opts, core::Desc};

/// A metric family. The name carries the unit (`_seconds`, `_bytes`) and, on counters, `_total`; labels take values from
/// closed lists only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// As Prometheus sees it.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Label names; values are given in this order.
    pub labels: &'static [&'static str],
}

impl Spec {
    /// A family.
    pub const fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Self {
        Self { name, help, labels }
    }

    pub(super) fn opts(&self) -> Opts {
        Opts::new(self.name, self.help)
    }

    pub(super) fn histogram_opts(&self, edges: &[f64]) -> HistogramOpts {
        HistogramOpts::new(self.name, self.help).buckets(edges.to_vec())
    }

    /// For a collector that reads its values at scrape time.
    pub(super) fn desc(&self) -> Desc {
        let labels = self.labels.iter().map(|&label| label.to_owned()).collect();
        Desc::new(
            self.name.to_owned(),
            self.help.to_owned(),
            labels,
            Default::default(),
        )
        .expect("names are valid")
    }
}
