//! The public API under `/api/v1/inventory`. A handler parses, calls a command or a query, and answers.

mod reservations;
mod restock;
mod stock;

use axum::{
    Router,
    routing::{get, post, put},
};

use crate::app::AppState;

/// All routes.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().nest(
        "/api/v1/inventory",
        Router::new()
            .route("/batch", post(stock::batch))
            .route("/import", post(restock::import))
            .route("/{product_id}", get(stock::read))
            .route("/{product_id}/restock", post(restock::restock))
            .route(
                "/reservations/{order_id}",
                put(reservations::reserve).get(reservations::read),
            )
            .route(
                "/reservations/{order_id}/commit",
                post(reservations::commit),
            )
            .route(
                "/reservations/{order_id}/release",
                post(reservations::release),
            ),
    )
}
