//! The door itself.

mod health;
mod proxy;
mod transfer;

use axum::{Router, http::HeaderName, routing::get};
use http::HeaderValue;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{app::AppState, config::Config};

pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .route("/health", get(health::health))
        .route("/api/{*rest}", axum::routing::any(proxy::proxy))
        .route("/.well-known/{document}", axum::routing::any(proxy::proxy))
        .with_state(state)
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
    let header = HeaderName::from_static;
    let exposed = [
        "x-request-id",
        "x-trace-id",
        "location",
        "retry-after",
        "idempotency-replayed",
    ];
    Ok(CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(["GET", "POST", "PUT", "PATCH", "DELETE"].map(|m| m.parse().expect("valid")))
        .allow_headers(
            [
                "authorization",
                "content-type",
                "idempotency-key",
                "x-api-key",
                "x-version",
            ]
            .map(header),
        )
        .expose_headers(exposed.map(header))
        .max_age(std::time::Duration::from_secs(600)))
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
