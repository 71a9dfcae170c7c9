//! Routes of the service.

mod create;
mod lifecycle;
mod operations;
mod read;
pub(crate) mod view;

use axum::{
    Router,
    routing::{get, patch, post},
};

use crate::app::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/orders", post(create::create).get(read::list))
        .route("/api/v1/orders/analytics", get(read::analytics))
        .route("/api/v1/orders/read-model", get(operations::compare))
        .route(
            "/api/v1/orders/read-model/rebuild",
            post(operations::rebuild),
        )
        .route("/api/v1/orders/{id}", get(read::get))
        .route("/api/v1/orders/{id}/history", get(read::history))
        .route("/api/v1/orders/{id}/cancel", post(lifecycle::cancel))
        .route("/api/v1/orders/{id}/status", patch(lifecycle::set_status))
        .route("/api/v1/orders/{id}/resume", post(operations::resume))
}
