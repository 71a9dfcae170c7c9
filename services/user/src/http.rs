//! HTTP: parse, ask, answer. One file a resource.

mod actor;
mod auth;
mod refusal;
mod source;
mod users;
mod view;
mod well_known;

use axum::Router;
use chassis::openapi::{self, About};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::AppState;

const ABOUT: About = About {
    name: "user",
    description: "Accounts: registering, logging in, tokens and the keys that sign them, profiles and roles.",
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
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::verify_email))
        .routes(routes!(auth::validate))
        .routes(routes!(auth::rotate_keys))
        .routes(routes!(users::get_me, users::patch_me, users::delete_me))
        .routes(routes!(users::batch))
        .routes(routes!(users::get, users::patch, users::delete))
        .routes(routes!(users::put_roles))
        .routes(routes!(well_known::jwks))
        .routes(routes!(well_known::openid_configuration))
}
