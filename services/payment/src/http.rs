//! The public API under `/api/v1/payments`. A handler parses, calls a command or a query, and answers.

mod audit;
mod keys;
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
    Router::new().route(BASE, post(process::process)).nest(
        BASE,
        Router::new()
            .route("/{id}", get(payments::read))
            .route("/{id}/confirm", post(payments::confirm))
            .route("/{id}/refunds", get(refunds::list).post(refunds::create))
            .route("/order/{order_id}", get(payments::read_by_order))
            .route("/order/{order_id}/void", post(payments::void))
            .route("/audit/verify", get(audit::verify))
            .route("/webhooks/psp", post(webhooks::receive)),
    )
}
