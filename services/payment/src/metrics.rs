//! Business metrics: counted after the commit, with bounded labels (never a payment or order id).

use std::time::Duration;

use chassis::metrics::{Durations, Metrics, Spec};
use prometheus::{IntCounterVec, IntGauge};

use crate::domain::Provider;

/// From a quick answer of the provider to a payment that took the reconciler half an hour.
const SETTLED_SECONDS: [f64; 14] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
];

const PROCESSED: Spec = Spec::new(
    "payments_processed_total",
    "Payments that came to a definite end.",
    &["provider", "outcome"],
);
const DURATION: Spec = Spec::new(
    "payment_duration_seconds",
    "Time from a payment being asked for to its definite end.",
    &["provider"],
);
const FAILOVERS: Spec = Spec::new(
    "payment_provider_failovers_total",
    "Payments taken to the other provider because the first did nothing.",
    &["from", "to"],
);
const CALLS: Spec = Spec::new(
    "payment_calls_total",
    "Calls to providers by what is known afterwards.",
    &["provider", "operation", "outcome"],
);
const REFUNDS: Spec = Spec::new(
    "payment_refunds_total",
    "Refunds that came to a definite end.",
    &["provider", "kind", "outcome"],
);
const WEBHOOKS: Spec = Spec::new(
    "payment_webhooks_total",
    "Events of providers.",
    &["provider", "outcome"],
);
const ANOMALIES: Spec = Spec::new(
    "payment_anomalies_total",
    "What must never happen; each one needs a person.",
    &["kind"],
);
const CHECKS: Spec = Spec::new(
    "payment_reconciler_checks_total",
    "Unsettled payments looked at.",
    &["outcome"],
);
const UNSETTLED: Spec = Spec::new(
    "payment_unsettled",
    "Payments and refunds that wait for a definite answer.",
    &[],
);
const UNSETTLED_AGE: Spec = Spec::new(
    "payment_unsettled_oldest_age_seconds",
    "Age of the oldest payment that waits for a definite answer.",
    &[],
);
const RESEALED: Spec = Spec::new(
    "payment_tokens_resealed_total",
    "Tokens sealed again after a change of keys.",
    &["outcome"],
);

/// What must never happen.
#[derive(Clone, Copy, Debug)]
pub enum Anomaly {
    /// A provider took another amount than it was asked for.
    CapturedAnotherAmount,
    /// A provider says of a settled payment something else than it said before.
    ProviderContradicts,
    /// A provider refuses to give back what must not stay.
    VoidRefundRefused,
}

impl Anomaly {
    const ALL: [Self; 3] = [
        Self::CapturedAnotherAmount,
        Self::ProviderContradicts,
        Self::VoidRefundRefused,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::CapturedAnotherAmount => "captured_another_amount",
            Self::ProviderContradicts => "provider_contradicts",
            Self::VoidRefundRefused => "void_refund_refused",
        }
    }
}

/// What a look of the reconciler came to.
pub(crate) const CHECK_OUTCOMES: [&str; 3] = ["settled", "waiting", "failed"];

/// The metrics of payments.
#[derive(Clone)]
pub struct PaymentMetrics {
    /// Outcome: captured, declined, voided. Each payment once.
    pub processed: IntCounterVec,
    /// From asked for to settled.
    pub duration: Durations,
    /// From one provider to the other.
    pub failovers: IntCounterVec,
    /// Operation: charge and refund; outcome: settled, refused, not_processed, unknown.
    pub calls: IntCounterVec,
    /// Kind: requested and void; outcome: succeeded, failed.
    pub refunds: IntCounterVec,
    /// Outcome: ended, nudged, ignored, duplicate, bad_signature, malformed.
    pub webhooks: IntCounterVec,
    /// Kind: see [`Anomaly`].
    pub anomalies: IntCounterVec,
    /// Outcome: settled, waiting, failed.
    pub checks: IntCounterVec,
    /// How many wait.
    pub unsettled: IntGauge,
    /// How long the first of them has waited, in seconds.
    pub unsettled_age: IntGauge,
    /// Outcome: resealed, failed.
    pub resealed: IntCounterVec,
}

impl PaymentMetrics {
    /// Registers the metrics.
    pub fn register(metrics: &Metrics) -> Self {
        let failovers = metrics.counter(FAILOVERS);
        // There from the start, so that the first one shows as an increase.
        let (stripe, paypal) = (Provider::Stripe.as_str(), Provider::Paypal.as_str());
        for route in [[stripe, paypal], [paypal, stripe]] {
            drop(failovers.with_label_values(&route));
        }
        let anomalies = metrics.counter(ANOMALIES);
        for anomaly in Anomaly::ALL {
            drop(anomalies.with_label_values(&[anomaly.as_str()]));
        }
        let checks = metrics.counter(CHECKS);
        for outcome in CHECK_OUTCOMES {
            drop(checks.with_label_values(&[outcome]));
        }
        Self {
            processed: metrics.counter(PROCESSED),
            duration: metrics.durations(DURATION, &SETTLED_SECONDS),
            failovers,
            calls: metrics.counter(CALLS),
            refunds: metrics.counter(REFUNDS),
            webhooks: metrics.counter(WEBHOOKS),
            anomalies,
            checks,
            unsettled: metrics.single_gauge(UNSETTLED),
            unsettled_age: metrics.single_gauge(UNSETTLED_AGE),
            resealed: metrics.counter(RESEALED),
        }
    }

    pub(crate) fn count_processed(&self, provider: Provider, outcome: &str, took: Duration) {
        let provider = provider.as_str();
        self.processed.with_label_values(&[provider, outcome]).inc();
        self.duration.observe(&[provider], took);
    }

    pub(crate) fn count_call(&self, provider: Provider, operation: &str, outcome: &str) {
        self.calls
            .with_label_values(&[provider.as_str(), operation, outcome])
            .inc();
    }

    pub(crate) fn count_anomaly(&self, anomaly: Anomaly) {
        self.anomalies.with_label_values(&[anomaly.as_str()]).inc();
    }
}
