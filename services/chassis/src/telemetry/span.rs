//! What can be said about a span beyond its fields.

use opentelemetry::trace::Status;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::baggage::Baggage;

/// The work of this span did not succeed. `why` is read by engineers; it holds no secret.
pub fn failed(span: &Span, why: impl Into<String>) {
    span.set_status(Status::error(why.into()));
}

/// Puts the baggage on a span, so that a trace is found by what it is about.
pub fn note(span: &Span, baggage: &Baggage) {
    for (name, value) in baggage.entries() {
        span.set_attribute(name, value);
    }
}
