//! Jaeger's query API, version 1, as Grafana's data source and older clients use it. Times are
//! microseconds since 1970, of dependencies milliseconds.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use chrono::Utc;
use serde::Serialize;
use serde_json::json;

use super::error::RefusedV1;
use super::params::{Params, in_order};
use super::{BadQuery, Known, TRACES_DEFAULT, error, stream, v1_model};
use crate::store::{Search, Store, TraceId};

const HOUR_NS: u64 = 3_600_000_000_000;
/// Jaeger's own defaults for how far back to look.
const TRACE_LOOKBACK_NS: u64 = 48 * HOUR_NS;
const DEPENDENCY_LOOKBACK_NS: u64 = 24 * HOUR_NS;

pub(super) fn router() -> Router<Known> {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(find))
        .route("/api/traces/{id}", get(trace))
        .route("/api/dependencies", get(dependencies))
}

/// The envelope of every answer.
fn data<T: Serialize>(items: &[T]) -> Response {
    let total = items.len();
    super::json(&json!({ "data": items, "total": total, "limit": 0, "offset": 0, "errors": null }))
}

async fn services(State(known): State<Known>) -> Response {
    data(&Vec::from_iter(known.store.services()))
}

async fn operation_names(State(known): State<Known>, Path(service): Path<String>) -> Response {
    let operations = known.store.operations(&service).into_iter();
    let mut names: Vec<String> = operations.map(|operation| operation.name).collect();
    names.dedup();
    data(&names)
}

async fn operations(State(known): State<Known>, params: Params) -> Result<Response, RefusedV1> {
    let service = required(&params, "service")?;
    let kind = params.text(&["spanKind"]);
    let mut operations = Vec::from_iter(known.store.operations(&service));
    operations.retain(|operation| kind.as_ref().is_none_or(|kind| operation.span_kind == kind));
    Ok(data(&operations))
}

async fn trace(State(known): State<Known>, Path(id): Path<String>) -> Result<Response, RefusedV1> {
    let id: TraceId = id
        .parse()
        .map_err(|why| BadQuery(format!("unable to parse param 'traceID': {why}")))?;
    if known.store.summary(id).is_none() {
        return Ok(error::v1(StatusCode::NOT_FOUND, "trace not found"));
    }
    Ok(traces(known, vec![id]))
}

async fn find(State(known): State<Known>, params: Params) -> Result<Response, RefusedV1> {
    let mut ids = Vec::new();
    for id in params.all("traceID") {
        let wrong = |why| BadQuery(format!("cannot parse traceID param: {why}"));
        ids.push(id.parse().map_err(wrong)?);
    }
    if ids.is_empty() {
        ids = known.store.search(&search(&params)?);
    }
    Ok(traces(known, ids))
}

fn traces(known: Known, ids: Vec<TraceId>) -> Response {
    let items = ids.into_iter().map(move |id| rendered(&known.store, id));
    stream::array(
        r#"{"data":["#,
        items,
        r#"],"total":0,"limit":0,"offset":0,"errors":null}"#,
    )
}

fn rendered(store: &Store, id: TraceId) -> Vec<u8> {
    let trace = store.trace(id).map(|trace| v1_model::Trace::of(id, trace));
    let json = trace.map(|trace| serde_json::to_vec(&trace));
    json.map(|json| json.expect("a trace can be written as JSON"))
        .unwrap_or_default()
}

async fn dependencies(State(known): State<Known>, params: Params) -> Result<Response, RefusedV1> {
    let end = params.units(&["endTs"], 1_000_000)?.unwrap_or_else(now_ns);
    let lookback = params.units(&["lookback"], 1_000_000)?;
    let start = end.saturating_sub(lookback.unwrap_or(DEPENDENCY_LOOKBACK_NS));
    Ok(data(&known.store.dependencies(start, end)))
}

fn search(params: &Params) -> Result<Search, BadQuery> {
    let end = params.units(&["end"], 1_000)?.unwrap_or_else(now_ns);
    let start = match params.units(&["start"], 1_000)? {
        Some(start) => start,
        None => end.saturating_sub(lookback(params)?),
    };
    in_order(Search {
        service: Some(required(params, "service")?),
        // Grafana says "All" by leaving it out or by this name.
        operation: params.text(&["operation"]).filter(|name| name != "all"),
        attributes: tags(params)?,
        start_min: start,
        start_max: end,
        duration_min: params.duration(&["minDuration"])?.unwrap_or(0),
        duration_max: params.duration(&["maxDuration"])?.unwrap_or(u64::MAX),
        limit: params.limit(&["limit"])?.unwrap_or(TRACES_DEFAULT),
    })
}

/// Only when no start was sent. `2d` and `custom` are what Jaeger's own page sends beside one.
fn lookback(params: &Params) -> Result<u64, BadQuery> {
    match params.get(&["lookback"]).map(|param| param.value) {
        None | Some("custom") => Ok(TRACE_LOOKBACK_NS),
        Some(text) => match text.strip_suffix('d').map(str::parse::<u64>) {
            Some(Ok(days)) => Ok(days.saturating_mul(24 * HOUR_NS)),
            _ => Ok(params.duration(&["lookback"])?.unwrap_or(TRACE_LOOKBACK_NS)),
        },
    }
}

/// `tag=key:value`, repeated, and `tags={"key": "value"}`.
fn tags(params: &Params) -> Result<Vec<(String, String)>, BadQuery> {
    let mut tags = params.map(&["tags"])?;
    for tag in params.all("tag") {
        let (key, value) = tag.split_once(':').ok_or_else(|| {
            BadQuery(format!(
                "malformed 'tag' parameter, expecting key:value, received: {tag}"
            ))
        })?;
        tags.push((key.to_owned(), value.to_owned()));
    }
    Ok(tags)
}

fn required(params: &Params, name: &'static str) -> Result<String, BadQuery> {
    let missing = || BadQuery(format!("parameter '{name}' is required"));
    params.text(&[name]).ok_or_else(missing)
}

fn now_ns() -> u64 {
    let now = Utc::now().timestamp_nanos_opt().unwrap_or_default();
    u64::try_from(now).unwrap_or_default()
}
