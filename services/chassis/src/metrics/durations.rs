//! A histogram of durations whose buckets remember an example: the trace of the last observation that fell into them.
//!
//! The counting is the `prometheus` crate's; this adds what that crate lacks (tikv/rust-prometheus#393). Only sampled
//! traces are remembered, for the others cannot be looked up. Recording never waits for anybody.

use std::{
    hash::Hash,
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};

use hashbrown::{Equivalent, HashMap};
use prometheus::{Histogram, HistogramVec, proto::LabelPair};

use super::{Spec, exemplar::Exemplar};

/// Bucket edges in seconds. One stands exactly on the SLO (0.1 s), so that the share of good requests can be read off
/// without interpolation.
pub const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Durations by label values. Cloning gives another handle on the same histogram.
#[derive(Clone)]
pub struct Durations {
    shared: Arc<Shared>,
}

struct Shared {
    spec: Spec,
    edges: Box<[f64]>,
    histogram: HistogramVec,
    series: RwLock<HashMap<Box<[Box<str>]>, Series>>,
}

struct Series {
    histogram: Histogram,
    /// One slot a bucket; the last is that above every edge.
    exemplars: Box<[Mutex<Option<Exemplar>>]>,
}

/// Label values in the order of the specification, as the key of a series.
#[derive(Hash)]
struct Values<'a>(&'a [&'a str]);

impl Equivalent<Box<[Box<str>]>> for Values<'_> {
    fn equivalent(&self, key: &Box<[Box<str>]>) -> bool {
        self.0.iter().copied().eq(key.iter().map(AsRef::as_ref))
    }
}

impl Durations {
    pub(super) fn new(spec: Spec, edges: &[f64]) -> Self {
        let histogram = HistogramVec::new(spec.histogram_opts(edges), spec.labels)
            .expect("names are valid and edges ascend");
        Self {
            shared: Arc::new(Shared {
                spec,
                edges: edges.into(),
                histogram,
                series: RwLock::default(),
            }),
        }
    }

    /// Records a duration, with the current span's trace as the example of its bucket.
    ///
    /// # Panics
    /// If the values are not as many as the specification's labels: a programming error.
    pub fn observe(&self, values: &[&str], took: Duration) {
        let (seconds, example) = (took.as_secs_f64(), Exemplar::of_current_span(took));
        let bucket = self.shared.bucket(seconds);
        self.shared.with_series(values, |series| {
            series.observe(bucket, seconds, example);
        });
    }

    /// Makes a series before its first observation, so that rates over it are right from the start.
    pub fn prepare(&self, values: &[&str]) {
        self.shared.with_series(values, |_| {});
    }

    /// Removes the series whose first label has this value.
    pub(super) fn forget(&self, first: &str) {
        let mut known = self.shared.series.write().expect("no panic while held");
        known.retain(|key, _| {
            let gone = key.first().is_some_and(|value| &**value == first);
            if gone {
                // It is there: a series is made from the histogram's own.
                let _ = self.shared.histogram.remove_label_values(key);
            }
            !gone
        });
    }

    pub(super) fn collector(&self) -> HistogramVec {
        self.shared.histogram.clone()
    }

    pub(super) fn name(&self) -> &'static str {
        self.shared.spec.name
    }

    /// The examples of one series, bucket by bucket, or nothing for a series without any.
    pub(super) fn exemplars(&self, labels: &[LabelPair]) -> Vec<Option<Exemplar>> {
        let value = |name: &&str| labels.iter().find(|label| label.name() == *name);
        let values: Vec<_> = self
            .shared
            .spec
            .labels
            .iter()
            .filter_map(value)
            .map(LabelPair::value)
            .collect();
        let known = self.shared.series.read().expect("no panic while held");
        known
            .get(&Values(&values))
            .map(Series::exemplars)
            .unwrap_or_default()
    }
}

impl Shared {
    fn with_series(&self, values: &[&str], work: impl FnOnce(&Series)) {
        let known = self.series.read().expect("no panic while held");
        if let Some(series) = known.get(&Values(values)) {
            return work(series);
        }
        drop(known);
        let key = values.iter().map(|&value| value.into()).collect();
        let mut known = self.series.write().expect("no panic while held");
        work(known.entry(key).or_insert_with(|| self.series(values)));
    }

    fn series(&self, values: &[&str]) -> Series {
        let buckets = self.edges.len() + 1;
        Series {
            histogram: self.histogram.with_label_values(values),
            exemplars: std::iter::repeat_with(Mutex::default)
                .take(buckets)
                .collect(),
        }
    }

    /// The bucket that an observation falls into; an edge belongs to the bucket below it.
    fn bucket(&self, seconds: f64) -> usize {
        self.edges.partition_point(|edge| *edge < seconds)
    }
}

impl Series {
    fn observe(&self, bucket: usize, seconds: f64, example: Option<Exemplar>) {
        self.histogram.observe(seconds);
        // Where somebody else is writing an example, theirs is as good as ours.
        if let (Some(example), Ok(mut slot)) = (example, self.exemplars[bucket].try_lock()) {
            *slot = Some(example);
        }
    }

    fn exemplars(&self) -> Vec<Option<Exemplar>> {
        let read = |slot: &Mutex<Option<Exemplar>>| *slot.lock().expect("no panic while held");
        self.exemplars.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec = Spec::new("a_seconds", "Help.", &["a", "b"]);

    #[test]
    fn an_observation_on_an_edge_falls_into_the_bucket_below_as_prometheus_counts_it() {
        let durations = Durations::new(SPEC, &SECONDS);
        assert_eq!(SECONDS[durations.shared.bucket(0.1)], 0.1);
        assert_eq!(SECONDS[durations.shared.bucket(0.100_1)], 0.25);
        assert_eq!(durations.shared.bucket(11.0), SECONDS.len());
    }

    #[test]
    fn what_is_forgotten_leaves_the_others_alone() {
        let durations = Durations::new(SPEC, &SECONDS);
        durations.observe(&["gone", "1"], Duration::ZERO);
        durations.observe(&["stays", "1"], Duration::ZERO);
        durations.forget("gone");
        let families = prometheus::core::Collector::collect(&durations.collector());
        assert_eq!(families[0].get_metric().len(), 1);
    }
}
