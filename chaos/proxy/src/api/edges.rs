//! `/proxies`, `/populate` and `/reset`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::answer::{json, status};
use super::body::Body;
use crate::registry::{EdgeChange, EdgeView, EdgeWish, Error, Protocol, Registry};

type Edges = State<Arc<Registry>>;

pub(super) async fn list(State(registry): Edges) -> Response {
    let by_name = registry
        .list()
        .into_iter()
        .map(|edge| (edge.name.clone(), edge));
    let by_name: BTreeMap<String, EdgeView> = by_name.collect();
    json(StatusCode::OK, &by_name)
}

pub(super) async fn show(
    State(registry): Edges,
    Path(name): Path<String>,
) -> Result<Response, Error> {
    Ok(json(StatusCode::OK, &registry.show(&name)?))
}

pub(super) async fn create(State(registry): Edges, body: Bytes) -> Result<Response, Error> {
    let wish = wish(&Body::read(&body)?, "")?;
    Ok(json(StatusCode::CREATED, &registry.create(wish).await?))
}

pub(super) async fn update(
    State(registry): Edges,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    registry.show(&name)?;
    let body = Body::read(&body)?;
    let change = EdgeChange {
        listen: body.text("listen")?,
        upstream: body.text("upstream")?,
        enabled: body.flag("enabled")?,
    };
    let updated = registry.update(&name, change, body.lease()?).await?;
    Ok(json(StatusCode::OK, &updated))
}

pub(super) async fn remove(
    State(registry): Edges,
    Path(name): Path<String>,
) -> Result<StatusCode, Error> {
    registry.remove(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers those that are there even if not all of them could be made.
pub(super) async fn populate(State(registry): Edges, body: Bytes) -> Response {
    let (made, outcome) = match wishes(&body) {
        Ok(wishes) => registry.populate(wishes).await,
        Err(error) => (Vec::new(), Err(error)),
    };
    match outcome {
        Ok(()) => json(StatusCode::CREATED, &json!({ "proxies": made })),
        Err(error) => {
            let status = status(&error);
            let text = error.to_string();
            json(
                status,
                &json!({ "error": text, "status": status.as_u16(), "proxies": made }),
            )
        }
    }
}

pub(super) async fn reset(State(registry): Edges) -> Result<StatusCode, Error> {
    registry.reset().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn wishes(body: &[u8]) -> Result<Vec<EdgeWish>, Error> {
    let edges = Body::read_list(body)?;
    let numbered = edges.iter().enumerate();
    numbered
        .map(|(index, edge)| wish(edge, &format!(" at proxy {}", index + 1)))
        .collect()
}

fn wish(body: &Body, place: &str) -> Result<EdgeWish, Error> {
    let required = |name: &str| {
        let text = body.text(name)?;
        text.ok_or_else(|| Error::MissingField(format!("{name}{place}")))
    };
    let protocol = body.text("protocol")?;
    let protocol = protocol.map_or(Some(Protocol::Tcp), |text| Protocol::parse(&text));
    Ok(EdgeWish {
        name: required("name")?,
        upstream: required("upstream")?,
        listen: body.text("listen")?.unwrap_or_default(),
        enabled: body.flag("enabled")?.unwrap_or(true),
        protocol: protocol.ok_or(Error::Protocol)?,
        advertised: body.address("advertised")?,
    })
}
