//! The admin port: liveness, readiness, metrics, log level, edges, protections, crash points. On its own listener, so that it
//! answers while the public port is saturated.

mod protections;

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::Context;
use crate::{
    Problem, crash,
    http::{ApiJson, not_found},
    metrics::Exposition,
    telemetry::LevelHandle,
};

#[derive(Clone)]
struct Admin {
    context: Context,
    level: Option<LevelHandle>,
}

/// Binds the admin port and serves it until the service stops.
pub(super) async fn serve(
    context: &Context,
    level: Option<LevelHandle>,
) -> anyhow::Result<SocketAddr> {
    let listener = super::bind(context.config.admin_addr).await?;
    let addr = listener.local_addr()?;
    let router = Router::new()
        .route("/live", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/log-level", put(set_log_level))
        .route("/edges", get(edges))
        .merge(protections::routes())
        .route("/crash-points", get(|| async { ApiJson(crash::list()) }))
        .route("/crash-points/{name}", put(arm).delete(disarm))
        .fallback(not_found)
        .with_state(Admin {
            context: context.clone(),
            level,
        });
    let stopping = context.tasks.stopping();
    context.tasks.spawn("admin server", async move {
        axum::serve(listener, router)
            .with_graceful_shutdown(stopping.cancelled_owned())
            .await
            .context("admin server")
    });
    Ok(addr)
}

async fn ready(State(admin): State<Admin>) -> Response {
    let report = admin.context.health.report().await;
    let status = if report.status == "ready" {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, ApiJson(report)).into_response()
}

async fn metrics(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let format = Exposition::negotiate(&headers);
    let text = admin.context.metrics.expose(format);
    ([(CONTENT_TYPE, format.content_type())], text).into_response()
}

/// Each edge with its policy and how its breaker, budget and bulkhead stand.
async fn edges(State(admin): State<Admin>) -> Response {
    ApiJson(admin.context.edges.list()).into_response()
}

/// Takes an env-filter as plain text, for example `debug,sqlx=warn`.
async fn set_log_level(State(admin): State<Admin>, filter: String) -> Result<StatusCode, Problem> {
    let filter = EnvFilter::try_new(filter.trim())
        .map_err(|error| Problem::bad_request("log_level_invalid", error.to_string()))?;
    let Some(level) = &admin.level else {
        return Err(Problem::not_found(
            "log_level_fixed",
            "this process has no log level to set",
        ));
    };
    level.reload(filter).map_err(Problem::internal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// On which hit the process dies: 1 is the next one.
#[derive(Deserialize)]
struct Arm {
    hit: u32,
}

async fn arm(Path(name): Path<String>, ApiJson(arm): ApiJson<Arm>) -> Result<StatusCode, Problem> {
    crash::arm(&name, arm.hit)
        .map_err(|error| Problem::bad_request("crash_point_invalid", error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disarm(Path(name): Path<String>) -> Result<StatusCode, Problem> {
    crash::disarm(&name)
        .map_err(|error| Problem::bad_request("crash_point_invalid", error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}
