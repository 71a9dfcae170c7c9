//! Metrics of a service: one registry, one list of names.
//!
//! Names follow OpenTelemetry's conventions in Prometheus spelling (unit in the name, seconds, `_total` on counters);
//! labels are bounded: route templates, never raw paths; edges, never URLs.

use prometheus::{
    Encoder, HistogramVec, IntCounterVec, IntGaugeVec, Registry, TextEncoder, core::Collector,
    histogram_opts, opts,
};

use crate::telemetry;

/// Bucket edges in seconds. One edge stands exactly on the SLO (0.1 s), so that the share of good requests can be read
/// off without interpolation.
const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The metrics that the chassis itself records. A service registers its business metrics beside them.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    /// `http_server_request_duration_seconds{http_request_method,http_route,http_response_status_code}`
    pub http_server_duration: HistogramVec,
    /// `http_server_active_requests{http_request_method}`
    pub http_server_active: IntGaugeVec,
    /// `http_client_request_duration_seconds{edge,outcome}`
    pub http_client_duration: HistogramVec,
    /// `client_retries_total{edge,outcome}`: retries made, and those that the budget refused.
    pub client_retries: IntCounterVec,
    /// `circuit_breaker_state{edge,state}`: 1 for the state that holds.
    pub breaker_state: IntGaugeVec,
    /// `circuit_breaker_rejected_total{edge}`
    pub breaker_rejected: IntCounterVec,
    /// `outbox_pending{topic}`: rows not yet published.
    pub outbox_pending: IntGaugeVec,
    /// `outbox_oldest_age_seconds{topic}`
    pub outbox_oldest_age: IntGaugeVec,
    /// `outbox_published_total{topic}`
    pub outbox_published: IntCounterVec,
    /// `consumer_messages_total{consumer,topic,outcome}`: done, duplicate, ignored, dead_lettered.
    pub consumer_messages: IntCounterVec,
    /// `consumer_lag{consumer,topic,partition}`
    pub consumer_lag: IntGaugeVec,
}

impl Metrics {
    /// A registry of its own, so that several services can live in one test process.
    pub fn new(service: &str) -> Self {
        let labels = [("service".to_owned(), service.to_owned())].into();
        let registry = Registry::new_custom(None, Some(labels))
            .expect("a registry with one constant label is valid");
        register(&registry, telemetry::items::collector());
        Self {
            http_server_duration: histogram(
                &registry,
                "http_server_request_duration_seconds",
                "Duration of requests served.",
                &[
                    "http_request_method",
                    "http_route",
                    "http_response_status_code",
                ],
            ),
            http_server_active: gauge(
                &registry,
                "http_server_active_requests",
                "Requests being served.",
                &["http_request_method"],
            ),
            http_client_duration: histogram(
                &registry,
                "http_client_request_duration_seconds",
                "Duration of calls out, retries included.",
                &["edge", "outcome"],
            ),
            client_retries: counter(
                &registry,
                "client_retries_total",
                "Retries by edge.",
                &["edge", "outcome"],
            ),
            breaker_state: gauge(
                &registry,
                "circuit_breaker_state",
                "1 for the state that holds.",
                &["edge", "state"],
            ),
            breaker_rejected: counter(
                &registry,
                "circuit_breaker_rejected_total",
                "Calls refused by an open breaker.",
                &["edge"],
            ),
            outbox_pending: gauge(
                &registry,
                "outbox_pending",
                "Events written and not yet published.",
                &["topic"],
            ),
            outbox_oldest_age: gauge(
                &registry,
                "outbox_oldest_age_seconds",
                "Age of the oldest unpublished event.",
                &["topic"],
            ),
            outbox_published: counter(
                &registry,
                "outbox_published_total",
                "Events acknowledged by the broker.",
                &["topic"],
            ),
            consumer_messages: counter(
                &registry,
                "consumer_messages_total",
                "Messages by outcome.",
                &["consumer", "topic", "outcome"],
            ),
            consumer_lag: gauge(
                &registry,
                "consumer_lag",
                "Messages behind the end of the partition.",
                &["consumer", "topic", "partition"],
            ),
            registry,
        }
    }

    /// Adds a collector of the service's own. Registering one name twice is a programming error.
    pub fn register<C: Collector + Clone + 'static>(&self, collector: C) -> C {
        register(&self.registry, collector)
    }

    /// Prometheus text exposition, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .expect("encoding into memory does not fail");
        String::from_utf8(text).expect("the text format is UTF-8")
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> C {
    registry
        .register(Box::new(collector.clone()))
        .expect("each metric is registered once");
    collector
}

fn histogram(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> HistogramVec {
    let opts = histogram_opts!(name, help, SECONDS.to_vec());
    register(
        registry,
        HistogramVec::new(opts, labels).expect("names are valid"),
    )
}

fn counter(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(
        registry,
        IntCounterVec::new(opts!(name, help), labels).expect("names are valid"),
    )
}

fn gauge(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    register(
        registry,
        IntGaugeVec::new(opts!(name, help), labels).expect("names are valid"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_rendered_with_the_service_label() {
        let metrics = Metrics::new("order");
        metrics
            .outbox_published
            .with_label_values(&["order.events"])
            .inc_by(3);
        let text = metrics.render();
        let line = text
            .lines()
            .find(|line| line.starts_with("outbox_published_total"))
            .unwrap();
        assert!(line.contains(r#"service="order""#), "{line}");
        assert!(line.ends_with(" 3"), "{line}");
    }

    #[test]
    fn a_bucket_edge_stands_on_the_slo() {
        assert!(SECONDS.contains(&0.1));
    }
}
