//! The control API: Toxiproxy 2.12's, so that its clients work unchanged, and what it does not have.
//!
//! | request | answer |
//! |---|---|
//! | `GET /version`, `/proxies`, `/proxies/P`, `/proxies/P/toxics`, `/proxies/P/toxics/T` | 200 |
//! | `POST /proxies`, `/populate` | 201 |
//! | `POST` or `PATCH /proxies/P`, `/proxies/P/toxics/T`; `POST /proxies/P/toxics` | 200 |
//! | `DELETE /proxies/P`, `/proxies/P/toxics/T`; `POST /reset` | 204 |
//! | `GET /metrics` | 200, Prometheus' text format |
//! | ours: `GET /faults` | 200: what is set now, what has ended lately, and what each has hit |
//! | ours: `PUT /leases/HOLDER` | 200: its leases begin anew; 404 when it has none any more |
//! | ours: `DELETE /leases/HOLDER` | 204: all it has set is lifted |
//! | ours: `GET /ready` | 200 |
//!
//! An edge to a Kafka broker is given the broker's `advertised` address, so that clients stay on the edge. Wherever a fault is set (a toxic, `enabled: false`), `lease_ms` and `lease_holder` may be given.

mod answer;
mod body;
mod edges;
mod faults;
mod toxics;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use uuid::Uuid;

use crate::limits::BODY_BYTES_MAX;
use crate::registry::{EdgeWish, Error, Registry};

/// The release whose API this is.
pub const TOXIPROXY_VERSION: &str = "2.12.0";

/// The routes.
pub fn router(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/version", get(version))
        .route("/ready", get(async || "ready\n"))
        .route("/metrics", get(faults::metrics))
        .route("/proxies", get(edges::list).post(edges::create))
        .route("/populate", post(edges::populate))
        .route("/reset", post(edges::reset))
        .route(
            "/proxies/{proxy}",
            get(edges::show)
                .post(edges::update)
                .patch(edges::update)
                .delete(edges::remove),
        )
        .route(
            "/proxies/{proxy}/toxics",
            get(toxics::list).post(toxics::create),
        )
        .route(
            "/proxies/{proxy}/toxics/{toxic}",
            get(toxics::show)
                .post(toxics::update)
                .patch(toxics::update)
                .delete(toxics::remove),
        )
        .route("/faults", get(faults::list))
        .route(
            "/leases/{holder}",
            put(faults::renew).delete(faults::release),
        )
        .fallback(async || (StatusCode::NOT_FOUND, "404 page not found\n"))
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
        .layer(middleware::from_fn(stop_browsers))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(registry)
}

/// The edges that a body of `POST /populate` asks for.
///
/// # Errors
/// When it cannot be read, or an edge lacks its name or upstream.
pub fn edges(body: &[u8]) -> Result<Vec<EdgeWish>, Error> {
    edges::wishes(body)
}

async fn version() -> Response {
    let text = format!("{{\"version\": \"{TOXIPROXY_VERSION}\"}}\n");
    (
        [(header::CONTENT_TYPE, "application/json;charset=utf-8")],
        text,
    )
        .into_response()
}

/// A page in somebody's browser must not be able to break the shop: as in Toxiproxy, browsers are sent away.
async fn stop_browsers(request: Request, next: Next) -> Response {
    let agent = request.headers().get(header::USER_AGENT);
    let is_browser = agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/"));
    let mut response = if is_browser {
        (StatusCode::FORBIDDEN, "User agent not allowed\n").into_response()
    } else {
        next.run(request).await
    };
    let id =
        HeaderValue::try_from(Uuid::now_v7().simple().to_string()).expect("hexadecimal digits");
    response.headers_mut().insert("x-toxiproxy-request-id", id);
    response
}
