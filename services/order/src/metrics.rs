//! Business metrics of orders and sagas.

use std::time::Duration;

use chassis::metrics::{Durations, Metrics, Spec};
use prometheus::{IntCounterVec, IntGaugeVec};

use crate::{neighbours::Answer, saga::Step, store::orders::OrderRow};

const CREATED: Spec = Spec::new("orders_created_total", "Orders accepted.", &["currency"]);
const FINISHED: Spec = Spec::new(
    "orders_finished_total",
    "Sagas that ended, by status and reason.",
    &["status", "reason"],
);
const PAID_VALUE: Spec = Spec::new(
    "orders_paid_minor_units_total",
    "Value of paid orders in minor units.",
    &["currency"],
);
const SAGA_DURATION: Spec = Spec::new(
    "saga_duration_seconds",
    "From the order to the end of its saga.",
    &["status"],
);
const STEP_DURATION: Spec = Spec::new(
    "saga_step_duration_seconds",
    "One call of a step.",
    &["step", "outcome"],
);
const OPEN: Spec = Spec::new("sagas_open", "Sagas that have not ended.", &["state"]);
const COMPENSATIONS: Spec = Spec::new(
    "saga_compensations_total",
    "Calls that undo a step, by what is known afterwards.",
    &["step", "outcome"],
);

const STATES: [&str; 3] = ["running", "compensating", "stuck"];
const OUTCOMES: [&str; 3] = ["done", "refused", "unknown"];

/// From a step that was quick to a saga that waited for a neighbour's return.
const SAGA_SECONDS: [f64; 12] = [
    0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];

/// What this service counts.
#[derive(Clone)]
pub(crate) struct OrderMetrics {
    created: IntCounterVec,
    finished: IntCounterVec,
    value: IntCounterVec,
    saga_duration: Durations,
    step_duration: Durations,
    sagas_open: IntGaugeVec,
    compensations: IntCounterVec,
}

impl OrderMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let compensations = metrics.counter(COMPENSATIONS);
        // There from the start, so that the first one shows as an increase.
        for step in Step::ALL.into_iter().filter(|step| step.undoes()) {
            for outcome in OUTCOMES {
                drop(compensations.with_label_values(&[step.as_str(), outcome]));
            }
        }
        Self {
            created: metrics.counter(CREATED),
            finished: metrics.counter(FINISHED),
            value: metrics.counter(PAID_VALUE),
            saga_duration: metrics.durations(SAGA_DURATION, &SAGA_SECONDS),
            step_duration: metrics.durations(STEP_DURATION, &SAGA_SECONDS),
            sagas_open: metrics.gauge(OPEN),
            compensations,
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
        self.saga_duration.observe(&[&row.status], took);
        if row.status == "paid" {
            let value = u64::try_from(row.total).unwrap_or(0);
            self.value
                .with_label_values(&[row.currency.as_str()])
                .inc_by(value);
        }
    }

    pub(crate) fn step<T>(&self, step: Step, answer: &Answer<T>, took: Duration) {
        let [done, refused, unknown] = OUTCOMES;
        let outcome = match answer {
            Answer::Done(_) => done,
            Answer::Refused(_) => refused,
            Answer::Unknown(_) => unknown,
        };
        let labels = [step.as_str(), outcome];
        self.step_duration.observe(&labels, took);
        if step.undoes() {
            self.compensations.with_label_values(&labels).inc();
        }
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
