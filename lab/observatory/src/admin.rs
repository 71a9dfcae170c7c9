//! Health and metrics, on a listener of their own.

use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use axum::{Router, routing::get};

use crate::metrics::Metrics;
use crate::store::Store;

/// The routes. It depends on nothing, so it is ready as soon as it answers: this listener is the
/// last that is served.
pub fn router(store: Arc<Store>, metrics: Metrics) -> Router {
    let text = "text/plain; version=0.0.4; charset=utf-8";
    let ready = || async {
        (
            [(CONTENT_TYPE, "application/json")],
            r#"{"status":"ready"}"#,
        )
    };
    let scrape = async move || ([(CONTENT_TYPE, text)], metrics.render(&store)).into_response();
    Router::new()
        .route("/live", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(scrape))
}
