//! Jaeger's query API, version 3: <https://www.jaegertracing.io/docs/2.14/architecture/apis/>.
//! Traces are answered as OTLP/JSON in `{"result": {"resourceSpans": […]}}`. Parameters in
//! snake_case are those of Jaeger before 2.19.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::error::RefusedV3;
use super::params::{Params, in_order};
use super::{BadQuery, Known, TRACES_DEFAULT, error, stream};
use crate::store::{OperationName, Search, Store, Summary, TraceId, kind_name};

const START_MIN: [&str; 2] = ["query.startTimeMin", "query.start_time_min"];
const START_MAX: [&str; 2] = ["query.startTimeMax", "query.start_time_max"];
const START: [&str; 2] = ["startTime", "start_time"];
const END: [&str; 2] = ["endTime", "end_time"];

pub(super) fn router() -> Router<Known> {
    Router::new()
        .route("/api/v3/services", get(services))
        .route("/api/v3/operations", get(operations))
        .route("/api/v3/traces", get(find))
        .route("/api/v3/traces/{id}", get(trace))
        .route("/api/v3/trace-summaries", get(summaries))
        .route("/api/v3/dependencies", get(dependencies))
}

async fn services(State(known): State<Known>) -> Response {
    super::json(&json!({ "services": known.store.services() }))
}

async fn operations(State(known): State<Known>, params: Params) -> Result<Response, RefusedV3> {
    let service = params
        .text(&["service"])
        .ok_or_else(|| BadQuery("parameter service is required".to_owned()))?;
    let kind = params.text(&["spanKind", "span_kind"]);
    if let Some(kind) = &kind
        && !(1..=5).any(|number| kind_name(number) == kind)
    {
        let wrong = format!("malformed parameter spanKind: unsupported span kind {kind:?}");
        return Err(BadQuery(wrong).into());
    }
    let operations: Vec<OperationName> = known
        .store
        .operations(&service)
        .into_iter()
        .map(|mut operation| {
            // As in Jaeger, where a span that does not say what it is is internal.
            if operation.span_kind.is_empty() {
                operation.span_kind = kind_name(1);
            }
            operation
        })
        .filter(|operation| kind.as_ref().is_none_or(|kind| operation.span_kind == kind))
        .collect();
    Ok(super::json(&json!({ "operations": operations })))
}

async fn trace(State(known): State<Known>, Path(id): Path<String>) -> Result<Response, RefusedV3> {
    let id: TraceId = id
        .parse()
        .map_err(|why| BadQuery(format!("malformed parameter trace_id: {why}")))?;
    Ok(traces(known, vec![id]))
}

async fn find(State(known): State<Known>, params: Params) -> Result<Response, RefusedV3> {
    let found = known.store.search(&search(&params)?);
    Ok(traces(known, found))
}

/// As in Jaeger, no trace is 404, of a search too.
fn traces(known: Known, ids: Vec<TraceId>) -> Response {
    let mut ids = ids.into_iter().peekable();
    while ids
        .next_if(|id| known.store.summary(*id).is_none())
        .is_some()
    {}
    if ids.peek().is_none() {
        return error::v3(StatusCode::NOT_FOUND, "No traces found");
    }
    let items = ids.map(move |id| resource_spans(&known.store, id));
    stream::array(r#"{"result":{"resourceSpans":["#, items, "]}}")
}

/// The elements of the array `resourceSpans`, without its brackets.
fn resource_spans(store: &Store, id: TraceId) -> Vec<u8> {
    let Some(trace) = store.trace(id) else {
        return Vec::new();
    };
    let array = serde_json::to_vec(&trace.resource_spans);
    let mut array = array.expect("a message of OTLP can be written as JSON");
    array.pop();
    array.remove(0);
    array
}

async fn summaries(State(known): State<Known>, params: Params) -> Result<Response, RefusedV3> {
    let found = known.store.search(&search(&params)?);
    let items = found.into_iter().map(move |id| {
        let summary = known
            .store
            .summary(id)
            .map(|summary| summary_json(&summary));
        summary
            .map(|json| json.to_string().into_bytes())
            .unwrap_or_default()
    });
    Ok(stream::array(r#"{"summaries":["#, items, "]}"))
}

/// Nanoseconds are text, because they do not fit into a number of JavaScript.
fn summary_json(summary: &Summary) -> Value {
    let service = |(name, spans, errors): &(String, u64, u64)| json!({ "name": name, "spanCount": spans, "errorSpanCount": errors });
    json!({
        "traceId": summary.trace_id.to_string(),
        "rootServiceName": summary.root_service,
        "rootOperationName": summary.root_operation,
        "minStartTimeUnixNano": summary.start.to_string(),
        "maxEndTimeUnixNano": summary.end.to_string(),
        "spanCount": summary.spans,
        "errorSpanCount": summary.errors,
        "orphanSpanCount": summary.orphans,
        "services": summary.services.iter().map(service).collect::<Vec<_>>(),
    })
}

async fn dependencies(State(known): State<Known>, params: Params) -> Result<Response, RefusedV3> {
    let required = |names| {
        let time = params.time(names)?;
        time.ok_or_else(|| BadQuery(format!("missing required parameter: {}", names[0])))
    };
    let (start, end) = (required(&START)?, required(&END)?);
    if end <= start {
        return Err(BadQuery("endTime must be after startTime".to_owned()).into());
    }
    let dependencies = known.store.dependencies(start, end);
    Ok(super::json(&json!({ "dependencies": dependencies })))
}

fn search(params: &Params) -> Result<Search, BadQuery> {
    let (Some(start_min), Some(start_max)) = (params.time(&START_MIN)?, params.time(&START_MAX)?)
    else {
        let missing = format!("{} and {} are required", START_MIN[0], START_MAX[0]);
        return Err(BadQuery(missing));
    };
    let depth = [
        "query.searchDepth",
        "query.search_depth",
        "query.num_traces",
    ];
    in_order(Search {
        service: params.text(&["query.serviceName", "query.service_name"]),
        operation: params.text(&["query.operationName", "query.operation_name"]),
        attributes: params.map(&["query.attributes"])?,
        start_min,
        start_max,
        duration_min: params
            .duration(&["query.durationMin", "query.duration_min"])?
            .unwrap_or(0),
        duration_max: params
            .duration(&["query.durationMax", "query.duration_max"])?
            .unwrap_or(u64::MAX),
        limit: params.limit(&depth)?.unwrap_or(TRACES_DEFAULT),
    })
}
