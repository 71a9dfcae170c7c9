//! What Toxiproxy does not have: what faults have hit, and leases.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::answer::json;
use crate::metrics;
use crate::registry::{Error, Registry};

type Edges = State<Arc<Registry>>;

pub(super) async fn list(State(registry): Edges) -> Response {
    let (active, ended) = registry.faults();
    json(StatusCode::OK, &json!({ "active": active, "ended": ended }))
}

pub(super) async fn renew(
    State(registry): Edges,
    Path(holder): Path<String>,
) -> Result<Response, Error> {
    let renewed = registry.renew(&holder).await?;
    Ok(json(StatusCode::OK, &json!({ "renewed": renewed })))
}

pub(super) async fn release(
    State(registry): Edges,
    Path(holder): Path<String>,
) -> Result<StatusCode, Error> {
    registry.release(&holder).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn metrics(State(registry): Edges) -> Response {
    let text = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, text)], metrics::render(&registry)).into_response()
}
