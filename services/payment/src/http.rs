//! The API under `/api/v1/payments`, and `/webhooks/psp`, which the gateway does not route: providers deliver directly.
//! A handler parses, calls a command or a query, and answers.

mod audit;
mod payments;
mod process;
mod refunds;
mod webhooks;

use axum::{
    Router,
    routing::{get, post},
};

use crate::app::AppState;

const BASE: &str = "/api/v1/payments";

/// All routes.
pub(crate) fn routes() -> Router<AppState> {
    let payments = Router::new()
        .route("/{id}", get(payments::read))
        .route("/{id}/confirm", post(payments::confirm))
        .route("/{id}/refunds", get(refunds::list).post(refunds::create))
        .route("/order/{order_id}", get(payments::read_by_order))
        .route("/order/{order_id}/void", post(payments::void))
        .route("/audit/verify", get(audit::verify));
    Router::new()
        .route("/webhooks/psp", post(webhooks::receive))
        .route(BASE, post(process::process))
        .nest(BASE, payments)
}
