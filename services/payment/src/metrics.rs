//! Business metrics: counted after the commit, with bounded labels (never a payment or order id).

use std::time::Duration;

use chassis::metrics::Metrics;
use prometheus::{HistogramVec, IntCounterVec, IntGauge, histogram_opts, opts};

use crate::domain::Provider;

/// From a quick answer of the provider to a payment that took the reconciler half an hour.
const SETTLED_SECONDS: [f64; 14] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
];

/// The metrics of payments.
#[derive(Clone)]
pub struct PaymentMetrics {
    /// `payments_processed_total{provider,outcome}`: captured, declined, voided. Each payment once.
    pub processed: IntCounterVec,
    /// `payment_duration_seconds{provider}`: from asked for to settled.
    pub duration: HistogramVec,
    /// `payment_provider_failovers_total{from,to}`
    pub failovers: IntCounterVec,
    /// `payment_calls_total{provider,operation,outcome}`: charge and refund; settled, refused, not_processed, unknown.
    pub calls: IntCounterVec,
    /// `payment_refunds_total{provider,kind,outcome}`: requested and void; succeeded, failed.
    pub refunds: IntCounterVec,
    /// `payment_webhooks_total{provider,outcome}`: ended, nudged, ignored, duplicate, bad_signature, malformed.
    pub webhooks: IntCounterVec,
    /// `payment_anomalies_total{kind}`: what must never happen and needs a person.
    pub anomalies: IntCounterVec,
    /// `payment_reconciler_checks_total{outcome}`: settled, waiting, failed.
    pub checks: IntCounterVec,
    /// `payment_unsettled`: payments and refunds that wait for a definite answer.
    pub unsettled: IntGauge,
    /// `payment_unsettled_oldest_age_seconds`
    pub unsettled_age: IntGauge,
    /// `payment_tokens_resealed_total{outcome}`: resealed, failed.
    pub resealed: IntCounterVec,
}

impl PaymentMetrics {
    /// Registers the metrics.
    pub fn register(metrics: &Metrics) -> Self {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let family = IntCounterVec::new(opts!(name, help), labels);
            metrics.register(family.expect("names are valid"))
        };
        let gauge = |name: &str, help: &str| {
            metrics.register(IntGauge::with_opts(opts!(name, help)).expect("the name is valid"))
        };
        let opts = histogram_opts!(
            "payment_duration_seconds",
            "Time from a payment being asked for to its definite end.",
            SETTLED_SECONDS.to_vec()
        );
        let duration = HistogramVec::new(opts, &["provider"]).expect("names are valid");
        Self {
            duration: metrics.register(duration),
            processed: counter(
                "payments_processed_total",
                "Payments that came to a definite end.",
                &["provider", "outcome"],
            ),
            failovers: counter(
                "payment_provider_failovers_total",
                "Payments taken to the other provider because the first did nothing.",
                &["from", "to"],
            ),
            calls: counter(
                "payment_calls_total",
                "Calls to providers by what is known afterwards.",
                &["provider", "operation", "outcome"],
            ),
            refunds: counter(
                "payment_refunds_total",
                "Refunds that came to a definite end.",
                &["provider", "kind", "outcome"],
            ),
            webhooks: counter(
                "payment_webhooks_total",
                "Events of providers.",
                &["provider", "outcome"],
            ),
            anomalies: counter(
                "payment_anomalies_total",
                "What must never happen; each one needs a person.",
                &["kind"],
            ),
            checks: counter(
                "payment_reconciler_checks_total",
                "Unsettled payments looked at.",
                &["outcome"],
            ),
            unsettled: gauge(
                "payment_unsettled",
                "Payments that wait for a definite answer.",
            ),
            unsettled_age: gauge(
                "payment_unsettled_oldest_age_seconds",
                "Age of the oldest payment that waits for a definite answer.",
            ),
            resealed: counter(
                "payment_tokens_resealed_total",
                "Tokens sealed again after a change of keys.",
                &["outcome"],
            ),
        }
    }

    pub(crate) fn count_processed(&self, provider: Provider, outcome: &str, took: Duration) {
        let provider = provider.as_str();
        self.processed.with_label_values(&[provider, outcome]).inc();
        self.duration
            .with_label_values(&[provider])
            .observe(took.as_secs_f64());
    }

    pub(crate) fn count_call(&self, provider: Provider, operation: &str, outcome: &str) {
        self.calls
            .with_label_values(&[provider.as_str(), operation, outcome])
            .inc();
    }

    pub(crate) fn count_anomaly(&self, kind: &str) {
        self.anomalies.with_label_values(&[kind]).inc();
    }
}
