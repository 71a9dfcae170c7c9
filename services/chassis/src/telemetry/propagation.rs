//! W3C trace context in and out of HTTP headers, Kafka headers and outbox rows.
//!
//! The text form (`traceparent`) is what travels; the only API that the rest of the chassis needs is "what is mine" and
//! "continue that one".

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Header name, lower case as HTTP/2 and Kafka want it.
pub const TRACEPARENT: &str = "traceparent";

/// `traceparent` of the current span, if a tracer is installed.
pub fn current_traceparent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| {
        format!(
            "00-{}-{}-{:02x}",
            span.trace_id(),
            span.span_id(),
            span.trace_flags().to_u8()
        )
    })
}

/// Trace id of the current span, or an empty string.
pub fn current_trace_id() -> String {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    if span.is_valid() {
        span.trace_id().to_string()
    } else {
        String::new()
    }
}

/// Makes a fresh span the child of a remote one. Call it before the span is entered. A malformed header is ignored, as
/// the specification asks: the trace starts anew.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    if let Some(remote) = traceparent.and_then(parse) {
        let parent = Context::new().with_remote_span_context(remote);
        // Fails only where no tracer is installed (unit tests) or the span is filtered out.
        let _ = span.set_parent(parent);
    }
}

/// Parses version 00 (and tolerates higher versions) of `traceparent`: <https://www.w3.org/TR/trace-context/>.
fn parse(header: &str) -> Option<SpanContext> {
    let mut fields = header.trim().split('-');
    let (version, trace, span, flags) = (
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
    );
    let higher_version = version != "00";
    if version.len() != 2 || version == "ff" || (!higher_version && fields.next().is_some()) {
        return None;
    }
    if trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        flags,
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_header_is_parsed() {
        let context =
            parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").expect("valid");
        assert_eq!(
            context.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert!(context.is_sampled());
    }

    #[test]
    fn malformed_headers_are_ignored() {
        for header in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "00-zzf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(parse(header).is_none(), "{header:?}");
        }
    }
}
