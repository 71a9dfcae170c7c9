//! Metric families made by hand, for collectors that read their values when scraped.

use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType, Summary};

use super::Spec;

/// A family being filled. All samples of a family are of the kind of the first.
pub(super) struct Family {
    spec: Spec,
    kind: MetricType,
    metrics: Vec<Metric>,
}

impl Family {
    pub(super) fn new(spec: Spec) -> Self {
        Self {
            spec,
            kind: MetricType::GAUGE,
            metrics: Vec::new(),
        }
    }

    pub(super) fn gauge(&mut self, values: &[&str], value: f64) {
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        self.push(MetricType::GAUGE, values, |metric| metric.set_gauge(gauge));
    }

    pub(super) fn counter(&mut self, values: &[&str], value: u64) {
        let mut counter = Counter::default();
        counter.set_value(value as f64);
        self.push(MetricType::COUNTER, values, |metric| {
            metric.set_counter(counter);
        });
    }

    pub(super) fn summary(&mut self, values: &[&str], count: u64, sum: f64) {
        let mut summary = Summary::default();
        summary.set_sample_count(count);
        summary.set_sample_sum(sum);
        self.push(MetricType::SUMMARY, values, |metric| {
            metric.set_summary(summary);
        });
    }

    pub(super) fn into_proto(self) -> MetricFamily {
        let mut family = MetricFamily::default();
        family.set_name(self.spec.name.to_owned());
        family.set_help(self.spec.help.to_owned());
        family.set_field_type(self.kind);
        family.set_metric(self.metrics);
        family
    }

    fn push(&mut self, kind: MetricType, values: &[&str], set: impl FnOnce(&mut Metric)) {
        self.kind = kind;
        let pairs = self.spec.labels.iter().zip(values).map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        let mut metric = Metric::from_label(pairs.collect());
        set(&mut metric);
        self.metrics.push(metric);
    }
}
