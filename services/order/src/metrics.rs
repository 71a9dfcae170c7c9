//! Business metrics of orders and sagas.

use std::time::Duration;

use chassis::metrics::Metrics;
use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec, histogram_opts, opts};

use crate::{neighbours::Answer, saga::Step, store::orders::OrderRow};

const STATES: [&str; 3] = ["running", "compensating", "stuck"];

/// What this service counts.
#[derive(Clone)]
pub(crate) struct OrderMetrics {
    created: IntCounterVec,
    finished: IntCounterVec,
    value: IntCounterVec,
    saga_duration: HistogramVec,
    step_duration: HistogramVec,
    sagas_open: IntGaugeVec,
}

impl OrderMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let seconds = vec![
            0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
        ];
        Self {
            created: counter(
                metrics,
                "orders_created_total",
                "Orders accepted.",
                &["currency"],
            ),
            finished: counter(
                metrics,
                "orders_finished_total",
                "Sagas that ended, by status and reason.",
                &["status", "reason"],
            ),
            value: counter(
                metrics,
                "orders_paid_minor_units_total",
                "Value of paid orders in minor units.",
                &["currency"],
            ),
            saga_duration: metrics.register(
                HistogramVec::new(
                    histogram_opts!(
                        "saga_duration_seconds",
                        "From the order to the end of its saga.",
                        seconds.clone()
                    ),
                    &["status"],
                )
                .expect("names are valid"),
            ),
            step_duration: metrics.register(
                HistogramVec::new(
                    histogram_opts!("saga_step_duration_seconds", "One call of a step.", seconds),
                    &["step", "outcome"],
                )
                .expect("names are valid"),
            ),
            sagas_open: metrics.register(
                IntGaugeVec::new(
                    opts!("sagas_open", "Sagas that have not ended."),
                    &["state"],
                )
                .expect("names are valid"),
            ),
        }
    }

    pub(crate) fn created(&self, row: &OrderRow) {
        self.created
            .with_label_values(&[row.currency.as_str()])
            .inc();
    }

    pub(crate) fn finished(&self, row: &OrderRow, took: Duration) {
        let reason = row.reason.as_deref().unwrap_or("none");
        self.finished
            .with_label_values(&[row.status.as_str(), reason])
            .inc();
        self.saga_duration
            .with_label_values(&[row.status.as_str()])
            .observe(took.as_secs_f64());
        if row.status == "paid" {
            let value = u64::try_from(row.total).unwrap_or(0);
            self.value
                .with_label_values(&[row.currency.as_str()])
                .inc_by(value);
        }
    }

    pub(crate) fn step<T>(&self, step: Step, answer: &Answer<T>, took: Duration) {
        let outcome = match answer {
            Answer::Done(_) => "done",
            Answer::Refused(_) => "refused",
            Answer::Unknown(_) => "unknown",
        };
        self.step_duration
            .with_label_values(&[step.as_str(), outcome])
            .observe(took.as_secs_f64());
    }

    /// Sets the gauges from a count by state.
    pub(crate) fn open(&self, counts: &[(String, i64)]) {
        for state in STATES {
            let count = counts
                .iter()
                .find(|(name, _)| name == state)
                .map_or(0, |(_, n)| *n);
            self.sagas_open.with_label_values(&[state]).set(count);
        }
    }
}

fn counter(metrics: &Metrics, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    metrics.register(IntCounterVec::new(opts!(name, help), labels).expect("names are valid"))
}
