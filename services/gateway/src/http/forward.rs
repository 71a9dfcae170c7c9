//! The call to the service behind, and its answer on its way back: any status, as it came.

use std::{net::SocketAddr, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest as _, Request},
    response::Response,
};
use bytes::Bytes;
use chassis::{
    Problem,
    client::{CallError, Reply},
    http::body_problem,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request::Parts};
use uuid::Uuid;

use super::transfer;
use crate::{
    app::AppState,
    routes::Route,
    upstream::{Instance, Wish},
};

const X_VERSION: HeaderName = HeaderName::from_static("x-version");

/// A request as it goes to the service, possibly more than once.
struct Outgoing {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Sends the request on. An instance that could not be reached at all is tried once more elsewhere, whatever the
/// request is: nothing was sent.
pub(super) async fn forward(
    state: &AppState,
    route: Route,
    user: Option<Uuid>,
    peer: SocketAddr,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = read(request).await?;
    let upstream = state.upstreams.get(route.upstream);
    let version = parts.headers.get(X_VERSION).and_then(|v| v.to_str().ok());
    let wish = Wish { user, version };
    let instance = upstream.pick(wish, None).ok_or_else(version_unknown)?;
    let outgoing = Outgoing::new(&parts, body, peer);
    let (answered, sent) = match outgoing.send(instance).await {
        Err(error) if nothing_was_sent(&error) => match upstream.pick(wish, Some(instance)) {
            Some(other) => (other, outgoing.send(other).await),
            None => (instance, Err(error)),
        },
        sent => (instance, sent),
    };
    match sent {
        Ok(reply) => Ok(respond(reply, &answered.address.version)),
        Err(CallError::Unavailable { reply, .. }) => Ok(respond(*reply, &answered.address.version)),
        Err(error) => Err(unreachable(route.upstream, error)),
    }
}

impl Outgoing {
    fn new(parts: &Parts, body: Bytes, peer: SocketAddr) -> Self {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        Self {
            method: parts.method.clone(),
            path: path.to_owned(),
            headers: transfer::request_headers(&parts.headers, peer),
            body,
        }
    }

    async fn send(&self, instance: &Instance) -> Result<Reply, CallError> {
        let call = instance
            .client
            .request(self.method.clone(), &self.path)
            .headers(self.headers.clone())
            .raw_body(self.body.clone());
        // Reads only. A write with an Idempotency-Key could be repeated as well, but its client knows better when.
        let repeatable = matches!(self.method, Method::GET | Method::HEAD);
        let call = if repeatable { call.idempotent() } else { call };
        call.send().await
    }
}

/// The whole body, within the limit that the chassis put on the request.
async fn read(request: Request) -> Result<(Parts, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let limited = Request::from_parts(parts.clone(), body);
    let body = Bytes::from_request(limited, &())
        .await
        .map_err(|e| body_problem(&e))?;
    Ok((parts, body))
}

fn nothing_was_sent(error: &CallError) -> bool {
    matches!(
        error,
        CallError::BreakerOpen { .. } | CallError::BulkheadFull { .. } | CallError::Connect { .. }
    )
}

fn version_unknown() -> Problem {
    Problem::bad_request(
        "version_unknown",
        "No instance runs the version in x-version.",
    )
}

fn unreachable(upstream: &'static str, error: CallError) -> Problem {
    let soon = Duration::from_secs(1);
    match error {
        CallError::Timeout { .. } => Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            "The service behind did not answer in time. It may have done what was asked.",
        )
        .retry_after(soon)
        .caused_by(error),
        CallError::Lost { .. } | CallError::Senseless { .. } => Problem::new(
            StatusCode::BAD_GATEWAY,
            "upstream_lost",
            "The answer of the service behind was lost. It may have done what was asked.",
        )
        .retry_after(soon)
        .caused_by(error),
        CallError::BreakerOpen { retry_after, .. } => {
            // Expected while a neighbour is down, and counted: no line in the log for each request.
            tracing::debug!(upstream, "breaker is open");
            Problem::unavailable("upstream_unavailable", retry_after)
        }
        error => Problem::unavailable("upstream_unavailable", soon).caused_by(error),
    }
}

fn respond(reply: Reply, version: &str) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = transfer::response_headers(&reply.headers);
    if let Ok(version) = HeaderValue::from_str(version) {
        response.headers_mut().insert(X_VERSION, version);
    }
    response
}
