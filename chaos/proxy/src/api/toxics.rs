//! `/proxies/P/toxics`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::json;
use super::body::Body;
use crate::registry::{Error, Registry, ToxicWish};
use crate::toxic::{Stream, Toxic};

type Edges = State<Arc<Registry>>;
type Named = Path<(String, String)>;

pub(super) async fn list(
    State(registry): Edges,
    Path(edge): Path<String>,
) -> Result<Response, Error> {
    Ok(json(StatusCode::OK, &registry.show(&edge)?.toxics))
}

pub(super) async fn show(
    State(registry): Edges,
    Path((edge, name)): Named,
) -> Result<Response, Error> {
    Ok(json(StatusCode::OK, &registry.toxic(&edge, &name)?))
}

/// 200, not 201: as Toxiproxy answers.
pub(super) async fn create(
    State(registry): Edges,
    Path(edge): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    registry.show(&edge)?;
    let body = Body::read(&body)?;
    let stream = body.text("stream")?.unwrap_or_default();
    let stream = Stream::parse(&stream).ok_or(Error::Stream)?;
    let kind = body.text("type")?.unwrap_or_default();
    let toxic = Toxic::parse(&kind, &body.object("attributes")?)?;
    let wish = ToxicWish {
        name: body.text("name")?,
        toxic: toxic.ok_or(Error::ToxicType)?,
        stream,
        toxicity: body.number("toxicity")?.unwrap_or(1.0),
    };
    let set = registry.set(&edge, wish, body.lease()?).await?;
    Ok(json(StatusCode::OK, &set))
}

pub(super) async fn update(
    State(registry): Edges,
    Path((edge, name)): Named,
    body: Bytes,
) -> Result<Response, Error> {
    registry.toxic(&edge, &name)?;
    let body = Body::read(&body)?;
    let attributes = body.object("attributes")?;
    let change = |toxic: &Toxic| toxic.with(&attributes).map_err(Error::from);
    let changed = registry.change(
        &edge,
        &name,
        change,
        body.number("toxicity")?,
        body.lease()?,
    );
    Ok(json(StatusCode::OK, &changed.await?))
}

pub(super) async fn remove(
    State(registry): Edges,
    Path((edge, name)): Named,
) -> Result<StatusCode, Error> {
    registry.lift(&edge, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
