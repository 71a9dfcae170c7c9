//! The `CLIENT` span of one try of a call, named and described as OpenTelemetry's HTTP conventions ask.
//!
//! A retry is a span of its own, so that the trace shows the wait in between; a try that the breaker or the bulkhead
//! refused is one, too: nothing was sent, and that is what the reader needs to know.

use http::Method;
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_REQUEST_RESEND_COUNT, HTTP_RESPONSE_STATUS_CODE,
    SERVER_ADDRESS, SERVER_PORT, SERVICE_PEER_NAME, URL_FULL,
};
use resilience::State;
use tracing::{Span, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use url::Url;

use super::{CallError, Reply};
use crate::telemetry::span::failed;

/// The edge of a call, `order->payment`, as in metrics.
const EDGE: &str = "faultline.edge";
/// State of the edge's breaker before the try.
const BREAKER_STATE: &str = "faultline.breaker.state";

/// A try that begins; the first has number 1.
pub(super) fn begin(
    edge: &str,
    method: &Method,
    url: Option<Url>,
    attempt: u32,
    breaker: State,
) -> Span {
    let method = method.as_str();
    let span = info_span!(
        "http.client",
        otel.name = method,
        otel.kind = "client",
        { HTTP_REQUEST_METHOD } = method,
        { EDGE } = edge,
        { BREAKER_STATE } = breaker.as_str(),
        { HTTP_RESPONSE_STATUS_CODE } = Empty,
        { ERROR_TYPE } = Empty,
    );
    if let Some((_, callee)) = edge.split_once("->") {
        span.set_attribute(SERVICE_PEER_NAME, callee.to_owned());
    }
    if attempt > 1 {
        span.set_attribute(HTTP_REQUEST_RESEND_COUNT, i64::from(attempt - 1));
    }
    if let Some(mut url) = url {
        let host = url.host_str().unwrap_or_default().to_owned();
        span.set_attribute(SERVER_ADDRESS, host);
        span.set_attribute(
            SERVER_PORT,
            url.port_or_known_default().map_or(0, i64::from),
        );
        // What a client wrote there is not for everybody's eyes.
        url.set_query(None);
        span.set_attribute(URL_FULL, url.to_string());
    }
    span
}

/// Notes what came of it. On this side a 4xx is an error, too.
pub(super) fn end(span: &Span, result: &Result<Reply, CallError>) {
    let status = match result {
        Ok(reply) => Some(reply.status),
        Err(CallError::Unavailable { status, .. }) => Some(*status),
        Err(_) => None,
    };
    if let Some(status) = status {
        span.record(HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16()));
    }
    let error = match (result, status) {
        (_, Some(status)) if status.as_u16() >= 400 => status.as_str().to_owned(),
        (Err(error), _) => error.outcome().to_owned(),
        (Ok(_), _) => return,
    };
    span.record(ERROR_TYPE, error);
    let description = result.as_ref().err().map(ToString::to_string);
    failed(span, description.unwrap_or_default());
}
