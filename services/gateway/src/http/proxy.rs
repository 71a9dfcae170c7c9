//! One request through the door.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequest as _, Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chassis::{
    Problem,
    auth::{AuthError, Caller, User, bearer},
    client::{CallError, Reply},
    http::body_problem,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request::Parts};
use tracing::info;

use super::transfer;
use crate::{
    admission::{Bucket, Decision},
    app::AppState,
    routes::{self, Access, NoRoute, Route},
    upstream::Wish,
};

const X_VERSION: HeaderName = HeaderName::from_static("x-version");
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

pub(super) async fn proxy(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let uri_bytes = request
        .uri()
        .path_and_query()
        .map_or(0, |uri| uri.as_str().len());
    let route = match routes::find(&method, &path, uri_bytes) {
        Ok(route) => route,
        Err(reason) => return no_route(reason).into_response(),
    };
    let user = match identify(&state, route, request.headers()).await {
        Ok(user) => user,
        Err(problem) => return problem.into_response(),
    };
    let bucket = bucket(&state, route, user.as_ref(), request.headers(), peer);
    let admitted = state
        .admission
        .admit(&bucket, user.as_ref().map(|user| user.token_id))
        .await;
    let mut response = if admitted.revoked {
        Problem::unauthorized(
            "token_revoked",
            "The access token was revoked; log in again.",
        )
        .into_response()
    } else if !admitted.decision.allowed {
        too_many(&admitted.decision).into_response()
    } else {
        let user_id = user.as_ref().map(|user| user.id);
        forward(&state, route, user_id, peer, request)
            .await
            .unwrap_or_else(Problem::into_response)
    };
    add_limit_headers(response.headers_mut(), &admitted.decision);
    info!(
        http.request.method = %method,
        faultline.upstream = route.upstream,
        http.response.status_code = response.status().as_u16(),
        duration_ms = started.elapsed().as_secs_f64() * 1000.0,
        user.id = user.map(|user| user.id.to_string()),
        "request"
    );
    response
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

/// Whoever comes with a token must come with a good one, also where none is needed: a client should learn that its
/// session is over. Tokens of services are for inside.
async fn identify(
    state: &AppState,
    route: Route,
    headers: &HeaderMap,
) -> Result<Option<User>, Problem> {
    let Some(token) = bearer(headers) else {
        return match route.access {
            Access::Authenticated => Err(AuthError::Missing.into()),
            Access::Public | Access::Credentials => Ok(None),
        };
    };
    match state.verifier.verify(token).await? {
        Caller::User(user) => Ok(Some(user)),
        Caller::Service(_) => {
            Err(AuthError::Invalid(anyhow::anyhow!("a service token from outside")).into())
        }
    }
}

/// Whose tokens this request uses up.
fn bucket(
    state: &AppState,
    route: Route,
    user: Option<&User>,
    headers: &HeaderMap,
    peer: SocketAddr,
) -> Bucket {
    let limits = &state.config.limits;
    if route.access == Access::Credentials {
        return Bucket::new("auth", peer.ip(), limits.auth);
    }
    let key = headers.get(X_API_KEY).and_then(|key| key.to_str().ok());
    match (key.and_then(|key| state.config.api_key(key)), user) {
        (Some(key), _) if key.premium => Bucket::new("premium", &key.name, limits.premium),
        (Some(key), _) => Bucket::new("standard", &key.name, limits.standard),
        (None, Some(user)) if user.tier == "premium" => {
            Bucket::new("premium", user.id, limits.premium)
        }
        (None, Some(user)) => Bucket::new("standard", user.id, limits.standard),
        (None, None) => Bucket::new("anonymous", peer.ip(), limits.anonymous),
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

async fn forward(
    state: &AppState,
    route: Route,
    user: Option<uuid::Uuid>,
    peer: SocketAddr,
    request: Request,
) -> Result<Response, Problem> {
    let upstream = state.upstreams.get(route.upstream).ok_or_else(|| {
        Problem::internal(anyhow::anyhow!(
            "no upstream {} was configured",
            route.upstream
        ))
    })?;
    let (parts, body) = read(request).await?;
    let version = parts
        .headers
        .get(X_VERSION)
        .and_then(|version| version.to_str().ok());
    let instance = upstream.pick(Wish { user, version }).ok_or_else(|| {
        Problem::bad_request(
            "version_unknown",
            "No instance runs the version in x-version.",
        )
    })?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut call = instance
        .client
        .request(parts.method.clone(), path)
        .headers(transfer::request_headers(&parts.headers, peer))
        .raw_body(body);
    if may_be_repeated(&parts.method) {
        call = call.idempotent();
    }
    let reply = match call.send().await {
        Ok(reply) => reply,
        Err(CallError::Unavailable { reply, .. }) => *reply,
        Err(error) => return Err(unreachable(route.upstream, error)),
    };
    Ok(respond(reply, &instance.address.version))
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

/// Reads only. A write with an Idempotency-Key could be repeated as well, but its client knows better when.
fn may_be_repeated(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn unreachable(upstream: &'static str, error: CallError) -> Problem {
    match error {
        CallError::Timeout { .. } => Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            "The service behind did not answer in time. It may have done what was asked.",
        )
        .retry_after(Duration::from_secs(1))
        .caused_by(error),
        CallError::Lost { .. } | CallError::Senseless { .. } => Problem::new(
            StatusCode::BAD_GATEWAY,
            "upstream_lost",
            "The answer of the service behind was lost. It may have done what was asked.",
        )
        .retry_after(Duration::from_secs(1))
        .caused_by(error),
        CallError::BreakerOpen { retry_after, .. } => {
            // Expected while a neighbour is down, and counted: no line in the log for each request.
            tracing::debug!(upstream, "breaker is open");
            Problem::unavailable("upstream_unavailable", retry_after)
        }
        error => {
            Problem::unavailable("upstream_unavailable", Duration::from_secs(1)).caused_by(error)
        }
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
