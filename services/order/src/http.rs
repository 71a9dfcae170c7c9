//! Routes of the service.

mod create;
mod lifecycle;
mod operations;
mod read;
pub(crate) mod view;

use axum::Router;
use chassis::openapi::{self, About};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::AppState;

const ABOUT: About = About {
    name: "order",
    description: "Orders: takes them and sees each through to paid or cancelled.",
    store_away: &["database_unavailable"],
};

/// All routes, with their description.
pub(crate) fn router() -> Router<AppState> {
    openapi::serve(&ABOUT, api())
}

/// The API as an OpenAPI document.
pub fn document() -> Value {
    openapi::document(&ABOUT, api())
}

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create::create, read::list))
        .routes(routes!(read::analytics))
        .routes(routes!(operations::compare))
        .routes(routes!(operations::rebuild))
        .routes(routes!(read::get))
        .routes(routes!(read::history))
        .routes(routes!(lifecycle::cancel))
        .routes(routes!(lifecycle::set_status))
        .routes(routes!(operations::resume))
}
