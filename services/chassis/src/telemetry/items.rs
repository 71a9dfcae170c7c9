//! Telemetry's own metric: what became of each span and log record that was to be exported.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, opts};

/// The metric's name.
const NAME: &str = "telemetry_items_total";

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
}

/// What becomes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint took it.
    Exported,
    /// The queue was full; it was thrown away at once.
    Dropped,
    /// It was sent, and the endpoint did not take it.
    Failed,
}

impl Signal {
    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
        }
    }
}

impl Outcome {
    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}

/// `telemetry_items_total{signal,outcome}`. One for the process, because the subscriber is: every registry shows it.
static ITEMS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Spans and log records by what became of them.";
    let items = IntCounterVec::new(opts!(NAME, help), &["signal", "outcome"]).expect("valid names");
    for signal in [Signal::Traces, Signal::Logs] {
        for outcome in [Outcome::Exported, Outcome::Dropped, Outcome::Failed] {
            // Zero is a figure, too: an alert on drops must not wait for the first one to know the series.
            items.with_label_values(&[signal.as_str(), outcome.as_str()]);
        }
    }
    items
});

/// For a registry.
pub(crate) fn collector() -> IntCounterVec {
    ITEMS.clone()
}

/// Counts items.
pub(super) fn count(signal: Signal, outcome: Outcome, items: usize) {
    ITEMS
        .with_label_values(&[signal.as_str(), outcome.as_str()])
        .inc_by(items as u64);
}

/// How many there were so far in this process.
pub fn counted(signal: Signal, outcome: Outcome) -> u64 {
    ITEMS
        .with_label_values(&[signal.as_str(), outcome.as_str()])
        .get()
}
