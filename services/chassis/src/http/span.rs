//! The `SERVER` span of a request, named and described as OpenTelemetry's HTTP conventions ask.

use axum::extract::{MatchedPath, Request};
use http::{Method, StatusCode};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, URL_PATH, URL_SCHEME,
};
use tracing::{Span, field::Empty, info_span};

use crate::telemetry::{baggage::Baggage, propagation::TraceContext, span};

/// The span of a request that has just come in, continuing the caller's trace.
///
/// The query is left out: what a client wrote there is not for everybody's eyes.
pub(super) fn begin(request: &Request, caller: &TraceContext) -> Span {
    let method = known(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(MatchedPath::as_str);
    let name = match (method, route) {
        (Some(method), Some(route)) => format!("{method} {route}"),
        (Some(method), None) => method.to_owned(),
        (None, Some(route)) => format!("HTTP {route}"),
        (None, None) => "HTTP".to_owned(),
    };
    let span = info_span!(
        "http.server",
        otel.name = name,
        otel.kind = "server",
        { HTTP_REQUEST_METHOD } = method.unwrap_or("_OTHER"),
        { HTTP_ROUTE } = route,
        { URL_PATH } = request.uri().path(),
        { URL_SCHEME } = "http",
        { HTTP_RESPONSE_STATUS_CODE } = Empty,
        { ERROR_TYPE } = Empty,
    );
    caller.adopt(&span);
    span
}

/// Notes the answer. Only a 5xx is this side's error; a 4xx is the caller's, and stays unset here.
pub(super) fn end(span: &Span, status: StatusCode, baggage: &Baggage) {
    // The conventions ask for an integer, and an unsigned one would become a text on its way.
    span.record(HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record(ERROR_TYPE, status.as_str());
        span::failed(span, "");
    }
    span::note(span, baggage);
}

/// The methods that the conventions list; another one could be anything.
fn known(method: &Method) -> Option<&'static str> {
    [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ]
    .into_iter()
    .find(|known| *known == method.as_str())
}
