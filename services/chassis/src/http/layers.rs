//! The layers around every router, and the ids that they put on every answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use resilience::Deadline;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument as _, Span, debug};

use super::{rest, span};
use crate::{
    Problem,
    metrics::{Metrics, UNMATCHED, method_label},
    service::Context,
    telemetry::{
        baggage::Baggage,
        propagation::{self, TraceContext},
        request::{RequestContext, accepted_request_id, new_request_id},
    },
};

/// Id of the request: taken over from the caller or made here, and on every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Trace of the request, on every answer.
pub const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
/// Makes a request safe to send twice.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// `true` on an answer that was given before.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

#[derive(Clone)]
struct Limits {
    metrics: Metrics,
    in_flight: Arc<Semaphore>,
    timeout: Duration,
    /// Callers are strangers: what they say about users and orders is not taken over.
    public: bool,
}

pub(super) fn wrap(router: Router, context: &Context) -> Router {
    let limits = Limits {
        metrics: context.metrics.clone(),
        in_flight: Arc::new(Semaphore::new(context.config.requests_in_flight_max)),
        timeout: context.config.request_timeout,
        public: context.is_public(),
    };
    // Layers run from the last added to the first.
    router
        .layer(DefaultBodyLimit::max(context.config.body_bytes_max))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::logged_already().into_response()
        }))
        .layer(middleware::from_fn_with_state(limits.clone(), limit))
        .layer(middleware::from_fn(rest::read))
        .layer(middleware::from_fn_with_state(limits, observe))
}

/// Outermost: gives the request its span and ids, and measures it whatever happens inside.
async fn observe(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| UNMATCHED.to_owned(), |path| path.as_str().to_owned());
    let caller = caller(request.headers(), limits.public);
    let span = span::begin(&request, &caller);
    let method = method_label(&method);
    let context = request_context(request.headers(), &span, caller.baggage());
    let baggage = context.baggage.clone();
    let ids = (context.request_id.clone(), context.trace_id.clone());
    let active = limits
        .metrics
        .http_server_active
        .with_label_values(&[method]);
    active.inc();
    let _decrement = Decrement(active);
    let mut response = context
        .scope(respond(next, request, started).instrument(span.clone()))
        .await;
    let status = response.status();
    span::end(&span, status, &baggage);
    // Inside the span, whose trace becomes the example of the bucket.
    span.in_scope(|| {
        let durations = &limits.metrics.http_server_duration;
        durations.observe(&[method, &route, status.as_str()], started.elapsed());
    });
    insert_ids(response.headers_mut(), &ids);
    response
}

async fn respond(next: Next, request: Request, started: Instant) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let response = next.run(request).await;
    debug!(
        http.request.method = %method,
        url.path = path,
        http.response.status_code = response.status().as_u16(),
        duration_ms = started.elapsed().as_secs_f64() * 1000.0,
        "answered"
    );
    response
}

/// Sheds load above the limit, and ends what takes too long: a client that waits for ever helps nobody.
async fn limit(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let Ok(_permit) = limits.in_flight.try_acquire() else {
        return Problem::unavailable("overloaded", Duration::from_secs(1)).into_response();
    };
    let now = Instant::now();
    let caller_waits = RequestContext::current()
        .deadline
        .map(|deadline| deadline.remaining(now));
    let Some(budget) = caller_waits.unwrap_or(Some(limits.timeout)) else {
        return Problem::unavailable("deadline_exceeded", Duration::from_secs(1)).into_response();
    };
    tokio::time::timeout(budget.min(limits.timeout), next.run(request))
        .await
        .unwrap_or_else(|_| {
            Problem::unavailable("deadline_exceeded", Duration::from_secs(1)).into_response()
        })
}

/// The trace of whoever calls, and, if it is a neighbour, what the request is about.
fn caller(headers: &HeaderMap, public: bool) -> TraceContext {
    let caller = TraceContext::from_http(headers);
    if public {
        caller.without_baggage()
    } else {
        caller
    }
}

fn request_context(headers: &HeaderMap, span: &Span, baggage: Baggage) -> RequestContext {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    RequestContext {
        request_id: text(REQUEST_ID.as_str())
            .and_then(accepted_request_id)
            .map_or_else(new_request_id, str::to_owned),
        trace_id: span.in_scope(propagation::current_trace_id),
        baggage,
        deadline: text(Deadline::HEADER)
            .and_then(|ms| ms.parse().ok())
            .map(|ms| Deadline::from_header_ms(Instant::now(), ms)),
    }
}

fn insert_ids(headers: &mut HeaderMap, (request_id, trace_id): &(String, String)) {
    for (name, id) in [(REQUEST_ID, request_id), (TRACE_ID, trace_id)] {
        if let Some(value) = HeaderValue::from_str(id)
            .ok()
            .filter(|value| !value.is_empty())
        {
            headers.insert(name, value);
        }
    }
}

/// Counts a request down also when its client went away and the future is dropped.
struct Decrement(prometheus::IntGauge);

impl Drop for Decrement {
    fn drop(&mut self) {
        self.0.dec();
    }
}
