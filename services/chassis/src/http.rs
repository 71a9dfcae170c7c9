//! HTTP in: extractors whose rejections are problem+json, and the layers around every router.

mod extract;
mod layers;
mod page;
mod rest;
mod span;

use axum::{Router, response::IntoResponse};

pub use self::{
    extract::{ApiJson, ApiPath, ApiQuery, IdempotencyKey, body_problem},
    layers::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, REQUEST_ID, TRACE_ID},
    page::Page,
};
use crate::{Problem, service::Context};

/// Puts the layers of every service around its router: context and metrics outermost, then load shedding, deadline,
/// panic guard and body limit; and turns unknown paths and wrong methods into problems.
pub(crate) fn wrap(router: Router, context: &Context) -> Router {
    layers::wrap(
        router
            .fallback(not_found)
            .method_not_allowed_fallback(method_not_allowed),
        context,
    )
}

/// 404 for a path that no route knows.
pub async fn not_found() -> impl IntoResponse {
    Problem::not_found("route_not_found", "There is nothing at this path.")
}

async fn method_not_allowed() -> impl IntoResponse {
    Problem::new(
        http::StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path exists, but not with this method; see the Allow header.",
    )
}
