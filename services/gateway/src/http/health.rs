//! `GET /health`: whether each service behind the door can be reached, in one answer.

use std::time::{Duration, Instant};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chassis::http::ApiJson;
use futures_util::future::join_all;
use serde::Serialize;
use tokio::{net::TcpStream, time::timeout};

use crate::{
    app::AppState,
    upstream::{Instance, UPSTREAMS},
};

/// On one machine a connection takes microseconds.
const PATIENCE: Duration = Duration::from_millis(300);

#[derive(Serialize)]
struct Health {
    status: &'static str,
    upstreams: Vec<UpstreamHealth>,
}

#[derive(Serialize)]
struct UpstreamHealth {
    name: &'static str,
    version: String,
    /// up, down, or open: its breaker lets nothing pass.
    state: &'static str,
    ms: u64,
}

/// 200 when every instance is up, 503 otherwise. It says nothing about dependencies further back: their own readiness
/// does, at the admin ports.
pub(super) async fn health(State(state): State<AppState>) -> Response {
    let mut probes = Vec::new();
    for name in UPSTREAMS {
        let Some(upstream) = state.upstreams.get(name) else {
            continue;
        };
        for index in 0..upstream.instances.len() {
            let upstream = upstream.clone();
            probes.push(async move { probe(name, &upstream.instances[index]).await });
        }
    }
    let upstreams = join_all(probes).await;
    let all_up = upstreams.iter().all(|upstream| upstream.state == "up");
    let (code, status) = if all_up {
        (StatusCode::OK, "up")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "degraded")
    };
    (code, ApiJson(Health { status, upstreams })).into_response()
}

async fn probe(name: &'static str, instance: &Instance) -> UpstreamHealth {
    let asked = Instant::now();
    let reached = match instance.address.socket() {
        Some(address) => matches!(
            timeout(PATIENCE, TcpStream::connect(address)).await,
            Ok(Ok(_))
        ),
        None => false,
    };
    let state = match (reached, instance.client.is_open()) {
        (false, _) => "down",
        (true, true) => "open",
        (true, false) => "up",
    };
    let ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    UpstreamHealth {
        name,
        version: instance.address.version.clone(),
        state,
        ms,
    }
}
