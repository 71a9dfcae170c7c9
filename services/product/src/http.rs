//! The public API under `/api/v1/products`. Everybody reads, administrators write. A handler parses, calls a command or a
//! query, and answers.

mod body;
mod import;
mod read;
mod version;
mod write;

use axum::{
    Router,
    routing::{get, post},
};

use crate::app::AppState;

/// All routes.
pub(crate) fn routes() -> Router<AppState> {
    Router::new().nest(
        "/api/v1/products",
        Router::new()
            .route("/", get(read::list).post(write::create))
            .route("/batch", post(read::batch))
            .route("/import", post(import::import))
            .route(
                "/{id}",
                get(read::one)
                    .put(write::replace)
                    .patch(write::patch)
                    .delete(write::archive),
            ),
    )
}
