//! The public API under `/api/v1/inventory`. A handler parses, calls a command or a query, and answers.

mod reservations;
mod restock;
mod stock;

use axum::Router;
use chassis::openapi::{self, About};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::AppState;

const ABOUT: About = About {
    name: "inventory",
    description: "The stock: what is there, what orders hold, what was sold.",
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
        .routes(routes!(stock::batch))
        .routes(routes!(restock::import))
        .routes(routes!(stock::read))
        .routes(routes!(restock::restock))
        .routes(routes!(reservations::reserve, reservations::read))
        .routes(routes!(reservations::commit))
        .routes(routes!(reservations::release))
}
