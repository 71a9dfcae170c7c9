//! One request through the door: route, identity, limits, and on to the service behind.

use std::{net::SocketAddr, time::Instant};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    response::{IntoResponse, Response},
};
use chassis::{
    Problem,
    telemetry::{USER_ID, request::RequestContext},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request::Parts};
use tracing::info;
use uuid::Uuid;

use super::{
    forward::forward,
    visitor::{self, Visitor},
};
use crate::{
    admission::{Admitted, Decision},
    app::AppState,
    routes::{self, NoRoute, Route},
};

pub(super) async fn proxy(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    template: MatchedPath,
    request: Request,
) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    let asked = examine(&state, peer, &parts).await;
    let admitted = admit(&state, peer, &asked).await;
    let user = asked
        .as_ref()
        .ok()
        .and_then(|(_, visitor)| Some(visitor.user.as_ref()?.id));
    if let Some(user) = user {
        RequestContext::note(USER_ID, user);
    }
    let mut response = match allowed(asked, &admitted) {
        Ok((route, _)) => forward(&state, route, user, peer, Request::from_parts(parts, body))
            .await
            .unwrap_or_else(Problem::into_response),
        Err(problem) => problem.into_response(),
    };
    add_limit_headers(response.headers_mut(), &admitted.decision);
    log_access(&method, &template, &response, user, started);
    response
}

/// What can be said about a request without asking Redis.
async fn examine(
    state: &AppState,
    peer: SocketAddr,
    Parts {
        method,
        uri,
        headers,
        ..
    }: &Parts,
) -> Result<(Route, Visitor), Problem> {
    let uri_bytes = uri.path_and_query().map_or(0, |uri| uri.as_str().len());
    let route = routes::find(method, uri.path(), uri_bytes).map_err(no_route)?;
    let visitor = visitor::identify(state, route, headers, peer).await?;
    Ok((route, visitor))
}

async fn admit(
    state: &AppState,
    peer: SocketAddr,
    asked: &Result<(Route, Visitor), Problem>,
) -> Admitted {
    match asked {
        Ok((_, Visitor { user, bucket })) => state.admission.admit(bucket, user.as_ref()).await,
        Err(_) => {
            let stranger = visitor::stranger(&state.config.limits, peer);
            state.admission.admit(&stranger, None).await
        }
    }
}

fn allowed(
    asked: Result<(Route, Visitor), Problem>,
    admitted: &Admitted,
) -> Result<(Route, Visitor), Problem> {
    if !admitted.decision.allowed {
        return Err(too_many(&admitted.decision));
    }
    if admitted.revoked {
        let detail = "The access token was revoked; log in again.";
        return Err(Problem::unauthorized("token_revoked", detail));
    }
    asked
}

fn no_route(reason: NoRoute) -> Problem {
    match reason {
        NoRoute::Unknown => Problem::not_found("route_not_found", "There is nothing at this path."),
        NoRoute::UnknownVersion => Problem::not_found(
            "api_version_unknown",
            "The API has one version, v1: /api/v1/….",
        ),
        NoRoute::Ambiguous => Problem::bad_request(
            "path_ambiguous",
            "The path has empty, dot or encoded segments; write it plainly.",
        ),
        NoRoute::TooLong => Problem::new(
            StatusCode::URI_TOO_LONG,
            "uri_too_long",
            "The path with its query is too long.",
        ),
    }
}

fn too_many(decision: &Decision) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_requests",
        "Too many requests; wait as long as Retry-After says.",
    )
    .retry_after(decision.reset)
}

fn add_limit_headers(headers: &mut HeaderMap, decision: &Decision) {
    let seconds = u64::try_from(decision.reset.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
    for (name, value) in [
        ("x-ratelimit-limit", u64::from(decision.limit)),
        ("x-ratelimit-remaining", u64::from(decision.remaining)),
        ("x-ratelimit-reset", seconds),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

/// The template, not the path, and no query: what a client wrote there is not for the log.
fn log_access(
    method: &Method,
    template: &MatchedPath,
    response: &Response,
    user: Option<Uuid>,
    started: Instant,
) {
    info!(
        http.request.method = %method,
        http.route = template.as_str(),
        http.response.status_code = response.status().as_u16(),
        duration_ms = started.elapsed().as_secs_f64() * 1000.0,
        user.id = user.map(tracing::field::display),
        "request"
    );
}
