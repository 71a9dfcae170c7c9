//! W3C trace context and baggage, in and out of HTTP headers, Kafka headers and outbox rows.
//!
//! What travels is text ([`TraceContext`]); its format is OpenTelemetry's own propagators' business. The rest of the
//! chassis needs to say only "this is mine", "continue that one" and "that one is the reason".

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::{SpanContext, TraceContextExt as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use sqlx::FromRow;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{baggage::Baggage, request::RequestContext};

/// Header names, lower case as HTTP/2 and Kafka want them.
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";
const ALL: [&str; 3] = [TRACEPARENT, TRACESTATE, BAGGAGE];

/// A context as it travels. Malformed parts are ignored where they are read, as the specification asks:
/// <https://www.w3.org/TR/trace-context/>, <https://www.w3.org/TR/baggage/>.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub struct TraceContext {
    /// Trace, span, and whether it is sampled.
    pub traceparent: Option<String>,
    /// What other tracing systems added.
    pub tracestate: Option<String>,
    /// Who and what the request is about.
    pub baggage: Option<String>,
}

impl TraceContext {
    /// The current span with the baggage of the current request.
    pub fn current() -> Self {
        let mut this = Self::default();
        TraceContextPropagator::new().inject_context(&Span::current().context(), &mut this);
        this.tracestate = this.tracestate.filter(|state| !state.is_empty());
        this.baggage = RequestContext::current().baggage.header();
        this
    }

    /// From headers of any kind, given a way to look one up.
    pub fn read<'a>(header: impl Fn(&'static str) -> Option<&'a str>) -> Self {
        let text = |name| header(name).map(str::to_owned);
        Self {
            traceparent: text(TRACEPARENT),
            tracestate: text(TRACESTATE),
            baggage: text(BAGGAGE),
        }
    }

    /// From HTTP headers.
    pub fn from_http(headers: &HeaderMap) -> Self {
        Self::read(|name| headers.get(name)?.to_str().ok())
    }

    /// Headers to send.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = [&self.traceparent, &self.tracestate, &self.baggage];
        ALL.into_iter()
            .zip(values)
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// Puts the headers on a request, over whatever was there under their names.
    pub fn put(&self, headers: &mut HeaderMap) {
        for name in ALL {
            headers.remove(name);
        }
        for (name, value) in self.headers() {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }

    /// Without the baggage: for what crosses the border of the shop.
    #[must_use]
    pub fn without_baggage(self) -> Self {
        Self {
            baggage: None,
            ..self
        }
    }

    /// The baggage, as far as it is harmless.
    pub fn baggage(&self) -> Baggage {
        self.baggage
            .as_deref()
            .map(Baggage::parse)
            .unwrap_or_default()
    }

    /// Makes a fresh span the child of this one. Call it before the span is entered.
    pub fn adopt(&self, span: &Span) {
        if let Some(remote) = self.remote() {
            // Fails only where no tracer is installed (unit tests) or the span is filtered out.
            let _ = span.set_parent(Context::new().with_remote_span_context(remote));
        }
    }

    /// Says that a fresh span exists because of this one, in its own trace or another.
    pub fn link(&self, span: &Span) {
        if let Some(remote) = self.remote() {
            span.add_link(remote);
        }
    }

    fn remote(&self) -> Option<SpanContext> {
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), self);
        let remote = context.span().span_context().clone();
        remote.is_valid().then_some(remote)
    }
}

impl Extractor for TraceContext {
    fn get(&self, key: &str) -> Option<&str> {
        self.headers()
            .find_map(|(name, value)| (name == key).then_some(value))
    }

    fn keys(&self) -> Vec<&str> {
        ALL.to_vec()
    }
}

impl Injector for TraceContext {
    fn set(&mut self, key: &str, value: String) {
        match key {
            TRACEPARENT => self.traceparent = Some(value),
            TRACESTATE => self.tracestate = Some(value),
            BAGGAGE => self.baggage = Some(value),
            _ => {}
        }
    }
}

/// `traceparent` of the current span, if a tracer is installed.
pub fn current_traceparent() -> Option<String> {
    TraceContext::current().traceparent
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

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(traceparent: &str) -> TraceContext {
        TraceContext {
            traceparent: Some(traceparent.to_owned()),
            tracestate: Some("vendor=1".to_owned()),
            baggage: None,
        }
    }

    #[test]
    fn a_valid_header_is_parsed_with_the_state_of_other_vendors() {
        let remote = of(VALID).remote().expect("valid");
        assert_eq!(
            remote.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert!(remote.is_sampled() && remote.is_remote());
        assert_eq!(remote.trace_state().header(), "vendor=1");
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
            assert!(of(header).remote().is_none(), "{header:?}");
        }
    }

    #[test]
    fn what_a_client_put_under_our_names_does_not_travel_on() {
        let mut headers = HeaderMap::new();
        headers.insert(BAGGAGE, HeaderValue::from_static("user.id=forged"));
        headers.insert(TRACESTATE, HeaderValue::from_static("a=b"));
        let ours = TraceContext {
            tracestate: None,
            ..of(VALID)
        };
        ours.put(&mut headers);
        assert_eq!(TraceContext::from_http(&headers), ours);
    }
}
