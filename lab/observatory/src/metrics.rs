//! The observatory's own metrics: what came in, what was stored, what was dropped and why.

use prometheus::{
    Encoder as _, IntCounter, IntCounterVec, IntGaugeVec, Registry, TextEncoder, core::Collector,
    opts,
};
use serde_json::{Value, json};

use crate::store::{LogOutcome, SpanOutcome, Store};

/// What a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
        }
    }
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP/HTTP.
    Http,
    /// OTLP/gRPC.
    Grpc,
}

/// All of them, in a registry of their own.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    spans: IntCounterVec,
    logs: IntCounterVec,
    evicted_traces: IntCounter,
    bytes: IntGaugeVec,
    bytes_max: IntGaugeVec,
    items: IntGaugeVec,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let labels = [("service".to_owned(), "observatory".to_owned())].into();
        let registry = Registry::new_custom(None, Some(labels));
        let registry = registry.expect("a registry with one constant label is valid");
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(opts!(name, help), labels);
            register(&registry, counter.expect("names are valid"))
        };
        let gauge = |name: &str, help: &str, label: &str| {
            let gauge = IntGaugeVec::new(opts!(name, help), &[label]);
            register(&registry, gauge.expect("names are valid"))
        };
        let evicted = IntCounter::new(
            "observatory_evicted_traces_total",
            "Whole traces that had to go to make room.",
        );
        Self {
            requests: counter(
                "observatory_requests_total",
                "Requests of OTLP by what became of them.",
                &["signal", "protocol", "outcome"],
            ),
            spans: counter(
                "observatory_spans_total",
                "Spans by what became of them.",
                &["outcome"],
            ),
            logs: counter(
                "observatory_log_records_total",
                "Log records by what became of them.",
                &["outcome"],
            ),
            evicted_traces: register(&registry, evicted.expect("the name is valid")),
            bytes: gauge("observatory_stored_bytes", "Memory in use.", "signal"),
            bytes_max: gauge("observatory_stored_bytes_max", "Memory allowed.", "signal"),
            items: gauge("observatory_stored_items", "What is stored now.", "kind"),
            registry,
        }
    }

    /// Counts a request.
    pub(crate) fn request(&self, signal: Signal, protocol: Protocol, outcome: &str) {
        let protocol = match protocol {
            Protocol::Http => "http",
            Protocol::Grpc => "grpc",
        };
        self.requests
            .with_label_values(&[signal.name(), protocol, outcome])
            .inc();
    }

    /// Counts spans.
    pub(crate) fn spans(&self, outcome: &SpanOutcome) {
        for (name, spans) in [
            ("stored", outcome.stored),
            ("duplicate", outcome.duplicate),
            ("invalid", outcome.invalid),
            ("late", outcome.late),
            ("oversized", outcome.oversized),
            ("evicted", outcome.evicted_spans),
        ] {
            self.spans.with_label_values(&[name]).inc_by(spans);
        }
        self.evicted_traces.inc_by(outcome.evicted_traces);
    }

    /// Counts log records.
    pub(crate) fn logs(&self, outcome: LogOutcome) {
        self.logs
            .with_label_values(&["stored"])
            .inc_by(outcome.stored);
        self.logs
            .with_label_values(&["evicted"])
            .inc_by(outcome.evicted);
    }

    /// Prometheus' text format 0.0.4.
    #[must_use]
    pub fn render(&self, store: &Store) -> String {
        let (traces, logs) = (store.trace_fill(), store.log_fill());
        for (signal, fill) in [("traces", traces), ("logs", logs)] {
            self.bytes
                .with_label_values(&[signal])
                .set(fill.bytes as i64);
            self.bytes_max
                .with_label_values(&[signal])
                .set(fill.bytes_max as i64);
        }
        for (kind, items) in [
            ("traces", traces.items),
            ("spans", traces.parts),
            ("log_records", logs.items),
        ] {
            self.items.with_label_values(&[kind]).set(items as i64);
        }
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .expect("encoding into memory does not fail");
        String::from_utf8(text).expect("the text format is UTF-8")
    }

    /// The same for programs that read JSON: what is stored, and what became of everything sent.
    #[must_use]
    pub fn stats(&self, store: &Store) -> Value {
        let (traces, logs) = (store.trace_fill(), store.log_fill());
        let spans = |outcome| self.spans.with_label_values(&[outcome]).get();
        let records = |outcome| self.logs.with_label_values(&[outcome]).get();
        json!({
            "traces": {
                "traces": traces.items, "spans": traces.parts,
                "bytes": traces.bytes, "bytesMax": traces.bytes_max,
            },
            "logs": { "records": logs.items, "bytes": logs.bytes, "bytesMax": logs.bytes_max },
            "spans": {
                "stored": spans("stored"), "duplicate": spans("duplicate"),
                "invalid": spans("invalid"), "late": spans("late"),
                "oversized": spans("oversized"), "evicted": spans("evicted"),
            },
            "logRecords": { "stored": records("stored"), "evicted": records("evicted") },
            "evictedTraces": self.evicted_traces.get(),
        })
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> C {
    let registered = registry.register(Box::new(collector.clone()));
    registered.expect("each metric is registered once");
    collector
}
