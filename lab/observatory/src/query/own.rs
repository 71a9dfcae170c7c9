//! What Jaeger does not have: log records, and how full the store is.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::error::RefusedV1;
use super::params::Params;
use super::{BadQuery, Known};
use crate::store::{LogSearch, TraceId};

/// How many records are answered when nothing was said.
const RECORDS_DEFAULT: usize = 1_000;

pub(super) fn router() -> Router<Known> {
    Router::new()
        .route("/api/logs", get(logs))
        .route("/api/stats", get(stats))
}

/// `?traceId=…&service=…&limit=…`, each optional: the latest records, in OTLP/JSON as
/// `{"result": {"resourceLogs": […]}}`.
async fn logs(State(known): State<Known>, params: Params) -> Result<Response, RefusedV1> {
    let trace = match params.get(&["traceId", "trace_id"]) {
        None => None,
        Some(param) => {
            let wrong = |why| BadQuery(format!("malformed parameter traceId: {why}"));
            Some(param.value.parse::<TraceId>().map_err(wrong)?)
        }
    };
    let found = known.store.find_logs(&LogSearch {
        trace,
        service: params.text(&["service"]),
        limit: params.limit(&["limit"])?.unwrap_or(RECORDS_DEFAULT),
    });
    Ok(super::json(&json!({ "result": found })))
}

async fn stats(State(known): State<Known>) -> Response {
    super::json(&known.metrics.stats(&known.store))
}
