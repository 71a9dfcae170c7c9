//! The public API under `/api/v1/products`. Everybody reads, administrators write. A handler parses, calls a command or a
//! query, and answers.

mod body;
mod import;
mod read;
mod version;
mod write;

use axum::Router;
use chassis::openapi::{self, About};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::AppState;

const ABOUT: About = About {
    name: "product",
    description: "The catalogue: what the shop sells and for how much.",
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
        .routes(routes!(read::list, write::create))
        .routes(routes!(read::batch))
        .routes(routes!(import::import))
        .routes(routes!(
            read::one,
            write::replace,
            write::patch,
            write::archive
        ))
}
