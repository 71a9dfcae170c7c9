//! Conditions against what was measured.

use std::collections::BTreeMap;

use super::{Metric, Outcome, Threshold};
use crate::{fault::Kind, recorder::Tally};

/// Reasons for which an order is cancelled that are the shop's own failure, as in `alerts/slo.yaml`.
const LOST: [&str; 2] = ["cancelled: reservation_expired", "cancelled: timed_out"];

/// What the conditions are held against.
pub struct Judged<'a> {
    pub(crate) tally: &'a Tally,
    /// Seconds of the measured window.
    pub(crate) seconds: f64,
    /// Percent of good events by objective, as the shop measured it over the window.
    pub objectives: &'a BTreeMap<String, f64>,
}

/// Each condition with what was measured. One that nothing was measured for has not been met, unless it is an objective
/// of which the shop had no events.
#[must_use]
pub fn judge(thresholds: &[Threshold], run: &Judged<'_>) -> Vec<Outcome> {
    let one = |threshold: &Threshold| {
        let value = run.value(threshold);
        let without_events = matches!(threshold.metric, Metric::Objective(_) | Metric::Kept);
        let ok = match value {
            Some(value) => Some(threshold.order.holds(value, threshold.bound)),
            None if without_events => None,
            None => Some(false),
        };
        Outcome {
            threshold: threshold.to_string(),
            objective: threshold.objective.clone(),
            observed: value.map(|value| threshold.metric.show(value)),
            ok,
        }
    };
    thresholds.iter().map(one).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
impl Judged<'_> {
    fn value(&self, threshold: &Threshold) -> Option<f64> {
        let all = self.tally.all();
        let endpoint = match &threshold.endpoint {
            Some(name) => self.tally.endpoints.get(name.as_str())?,
            None => &all,
        };
        let histogram = &endpoint.latency_us;
        let count = histogram.len();
        let percent =
            |part: u64, whole: u64| (whole > 0).then(|| 100.0 * part as f64 / whole as f64);
        // A visit that was never begun is a customer who got no answer.
        let dropped = if threshold.endpoint.is_none() {
            self.tally.dropped
        } else {
            0
        };
        let unserved = endpoint.errors_of(Kind::ServerError) + endpoint.errors_of(Kind::NoAnswer);
        match &threshold.metric {
            Metric::Latency(quantile) => {
                (count > 0).then(|| histogram.value_at_quantile(*quantile) as f64 / 1e3)
            }
            Metric::Within(time) => {
                let bound = u64::try_from(time.as_micros()).ok()?;
                percent(histogram.count_between(0, bound), count)
            }
            Metric::Right => percent(count - endpoint.errors(), count + dropped),
            Metric::Available => percent(count - unserved, count + dropped),
            Metric::Rate => (count > 0).then(|| count as f64 / self.seconds),
            Metric::Orders => Some(self.orders() as f64 / self.seconds),
            Metric::Kept => {
                let lost: u64 = LOST
                    .iter()
                    .filter_map(|why| self.tally.orders.get(*why))
                    .sum();
                percent(self.orders() - lost, self.orders())
            }
            Metric::Objective(name) => self.objectives.get(name).copied(),
        }
    }

    fn orders(&self) -> u64 {
        self.tally.orders.values().sum()
    }
}
