//! `/protections`: which there are, and switching them off for a while.

use std::time::Duration;

use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    routing::{get, post, put},
};
use serde::Deserialize;

use super::Admin;
use crate::{
    Problem,
    http::ApiJson,
    protection::{self, ProtectionError},
};

/// A protection that is switched off without a word about when it comes back: long enough for an experiment.
const LEASE_DEFAULT_MS: u64 = 60_000;

/// How a protection is to be.
#[derive(Deserialize)]
struct Wish {
    on: bool,
    /// When it comes back by itself.
    lease_ms: Option<u64>,
}

pub(super) fn routes() -> Router<Admin> {
    Router::new()
        .route(
            "/protections",
            get(|| async { ApiJson(protection::list()) }),
        )
        .route("/protections/{name}", put(switch))
        .route("/protections/reset", post(reset))
}

async fn switch(
    Path(name): Path<String>,
    ApiJson(wish): ApiJson<Wish>,
) -> Result<StatusCode, Problem> {
    let lease = Duration::from_millis(wish.lease_ms.unwrap_or(LEASE_DEFAULT_MS));
    let switched = if wish.on {
        protection::switch_on(&name)
    } else {
        protection::switch_off(&name, lease)
    };
    let refused =
        |error: ProtectionError| Problem::bad_request("protection_invalid", error.to_string());
    switched.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Everything on.
async fn reset() -> StatusCode {
    protection::reset();
    StatusCode::NO_CONTENT
}
