//! HTTP: parse, ask, answer. One file a resource.

mod actor;
mod auth;
mod source;
mod users;
mod view;
mod well_known;

use axum::{
    Router,
    routing::{get, post, put},
};

use crate::app::AppState;

/// All routes, without their state.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .nest("/api/v1/auth", auth_routes())
        .nest("/api/v1/users", user_routes())
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route(
            "/.well-known/openid-configuration",
            get(well_known::openid_configuration),
        )
}

fn auth_routes() -> Router<AppState> {
    Router::new()
        .route("/register", post(auth::register))
        .route("/login", post(auth::login))
        .route("/refresh", post(auth::refresh))
        .route("/logout", post(auth::logout))
        .route("/verify-email", post(auth::verify_email))
        .route("/validate", get(auth::validate))
        .route("/keys/rotate", post(auth::rotate_keys))
}

fn user_routes() -> Router<AppState> {
    Router::new()
        .route(
            "/me",
            get(users::get_me)
                .patch(users::patch_me)
                .delete(users::delete_me),
        )
        .route("/batch", post(users::batch))
        .route(
            "/{id}",
            get(users::get).patch(users::patch).delete(users::delete),
        )
        .route("/{id}/roles", put(users::put_roles))
}
