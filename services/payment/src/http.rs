//! The API under `/api/v1/payments`, and `/webhooks/psp`, which the gateway does not route: providers deliver directly.
//! A handler parses, calls a command or a query, and answers.

mod audit;
mod payments;
mod process;
mod refunds;
mod webhooks;

use axum::Router;
use chassis::openapi::{self, About};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::AppState;

const BASE: &str = "/api/v1/payments";

const ABOUT: About = About {
    name: "payment",
    description: "Payments: charges, refunds and voids through two providers, of which one may be away.",
    store_away: &["database_unavailable"],
};

/// All routes, with their description.
pub(crate) fn routes() -> Router<AppState> {
    openapi::serve(&ABOUT, api())
}

/// The API as an OpenAPI document.
pub fn document() -> Value {
    openapi::document(&ABOUT, api())
}

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::receive))
        .routes(routes!(process::process))
        .routes(routes!(payments::read))
        .routes(routes!(payments::confirm))
        .routes(routes!(refunds::list, refunds::create))
        .routes(routes!(payments::read_by_order))
        .routes(routes!(payments::void))
        .routes(routes!(audit::verify))
}
