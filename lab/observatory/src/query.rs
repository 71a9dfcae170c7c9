//! What is known, over HTTP as JSON: Jaeger's query API in both versions, and what Jaeger does not
//! have.
//!
//! | module | what |
//! |---|---|
//! | `v3` | `/api/v3/…`, answers in OTLP/JSON |
//! | `v1` | `/api/…` as Grafana and older clients ask; removed from Jaeger in August 2026 |
//! | `own` | logs by trace, and how full the store is |
//!
//! Answers with several traces are written one trace at a time, so that a large answer takes no
//! more memory than its largest trace. A trace that is still arriving is answered as far as it is.

mod error;
mod go_duration;
mod own;
mod params;
mod stream;
mod v1;
mod v1_model;
mod v3;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use tower_http::cors::{Any, CorsLayer};

use self::error::BadQuery;
use crate::metrics::Metrics;
use crate::store::Store;

/// No answer has more traces than this.
const TRACES_MAX: usize = 10_000;
/// How many are answered when nothing was said; Jaeger's own number.
const TRACES_DEFAULT: usize = 100;

#[derive(Clone)]
struct Known {
    store: Arc<Store>,
    metrics: Metrics,
}

/// The routes. Any page may read them: what is here is what the lab made up.
pub fn router(store: Arc<Store>, metrics: Metrics) -> Router {
    let any_page = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET]);
    Router::new()
        .merge(v3::router())
        .merge(v1::router())
        .merge(own::router())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(any_page)
        .with_state(Known { store, metrics })
}

async fn unknown(request: Request) -> Response {
    let path = request.uri().path();
    error::response(
        path,
        StatusCode::NOT_FOUND,
        &format!("there is no {path} here"),
    )
}

async fn wrong_method(request: Request) -> Response {
    let path = request.uri().path();
    error::response(path, StatusCode::METHOD_NOT_ALLOWED, "ask with GET")
}

fn json(value: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(value).expect("what we answer can be written as JSON");
    ([(CONTENT_TYPE, "application/json")], bytes).into_response()
}
