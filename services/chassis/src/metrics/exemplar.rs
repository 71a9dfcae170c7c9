//! An example of what a bucket counted: one observation and the trace that it belongs to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::{
    Context,
    trace::{SpanId, TraceContextExt as _, TraceId},
};

/// One observation of a sampled trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exemplar {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) seconds: f64,
    /// Seconds since 1970.
    pub(super) at: f64,
}

impl Exemplar {
    /// Nothing outside a span, or in a trace that is not sampled.
    pub(super) fn of_current_span(took: Duration) -> Option<Self> {
        Context::map_current(|context| {
            let span = context.span();
            let span = span.span_context();
            (span.is_valid() && span.is_sampled()).then(|| Self {
                trace_id: span.trace_id(),
                span_id: span.span_id(),
                seconds: took.as_secs_f64(),
                at: since_1970().as_secs_f64(),
            })
        })
    }
}

fn since_1970() -> Duration {
    // A clock before 1970 is a broken clock; the example is worth having all the same.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
