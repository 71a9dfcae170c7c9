//! The door itself.

mod document;
mod forward;
mod health;
mod proxy;
mod transfer;
mod visitor;

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderName, Method},
    routing::any,
};
use chassis::openapi;
use http::HeaderValue;
use serde_json::Value;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::health::HealthCache;
use crate::{app::AppState, config::Config, routes::RESOURCES};

/// What a page's script may send beside the harmless headers.
const ALLOWED: [&str; 6] = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "x-api-key",
    "x-version",
];

/// What a page's script may read beside the harmless headers.
const EXPOSED: [&str; 9] = [
    "x-request-id",
    "x-trace-id",
    "location",
    "retry-after",
    "idempotency-replayed",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-version",
];

/// As `contracts/openapi/gateway.json` has it, which is made by [`document`].
const PUBLISHED: &str = include_str!("../../../contracts/openapi/gateway.json");

/// The API as an OpenAPI document, made from those of the services behind: names of upstreams, and their documents.
pub fn document(services: &[(&str, Value)]) -> Value {
    document::compose(api(), services)
}

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(health::health))
}

fn published() -> Value {
    serde_json::from_str(PUBLISHED).expect("a test compares it with a document")
}

/// One template a resource, so that metrics tell them apart; where a request goes is `routes`' decision.
pub(crate) fn router(state: AppState) -> Router {
    let mut router = Router::from(api())
        .merge(openapi::pages(&published()))
        .route("/api/{*rest}", any(proxy::proxy))
        .route("/.well-known/{document}", any(proxy::proxy));
    for resource in RESOURCES {
        router = router
            .route(&format!("/api/v1/{resource}"), any(proxy::proxy))
            .route(&format!("/api/v1/{resource}/{{*rest}}"), any(proxy::proxy));
    }
    router.with_state(state)
}

/// Which web pages may call the shop.
pub(crate) fn cors(config: &Config) -> anyhow::Result<CorsLayer> {
    let origins = match &config.cors_origins {
        Some(list) => {
            let list: Result<Vec<HeaderValue>, _> = list.iter().map(|o| o.parse()).collect();
            AllowOrigin::list(list?)
        }
        None => AllowOrigin::predicate(|origin, _| is_localhost(origin)),
    };
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    Ok(CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(methods)
        .allow_headers(ALLOWED.map(HeaderName::from_static))
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .max_age(Duration::from_secs(600)))
}

fn is_localhost(origin: &HeaderValue) -> bool {
    let host = |origin: &str| {
        let rest = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))?;
        Some(rest.split(':').next().unwrap_or(rest).to_owned())
    };
    let host = origin.to_str().ok().and_then(host);
    matches!(host.as_deref(), Some("localhost" | "127.0.0.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_localhost() {
        let is_localhost = |origin| super::is_localhost(&HeaderValue::from_static(origin));
        assert!(is_localhost("http://localhost:3000") && is_localhost("https://127.0.0.1"));
        for other in ["http://localhost.evil.test", "null", "file://localhost"] {
            assert!(!is_localhost(other), "{other}");
        }
    }
}
