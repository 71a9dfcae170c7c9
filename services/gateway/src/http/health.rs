//! `GET /health`: whether each service behind the door answers, in one document.
//!
//! For people and dashboards. It says nothing about dependencies further back; their own readiness does, at the admin
//! ports. A balancer in front of the gateway asks the gateway's own `/ready`.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chassis::http::ApiJson;
use futures_util::future::join_all;
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Mutex,
    time::timeout,
};
use utoipa::ToSchema;

use crate::{
    app::AppState,
    upstream::{Instance, UPSTREAMS},
};

/// On one machine an answer takes a millisecond.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long an answer stands: whoever asks a thousand times a second costs the services one probe.
const FRESH: Duration = Duration::from_secs(1);

/// The last answer. Its lock also keeps probes from running twice at once.
#[derive(Clone, Default)]
pub(crate) struct HealthCache(Arc<Mutex<Option<(Instant, Health)>>>);

#[derive(Clone, Serialize, ToSchema)]
struct Health {
    status: &'static str,
    /// Where rate limits are kept: `shared` by all gateways in Redis, or `local` while that is away.
    limits: &'static str,
    upstreams: Vec<UpstreamHealth>,
}

#[derive(Clone, Serialize, ToSchema)]
struct UpstreamHealth {
    name: &'static str,
    version: String,
    /// up, down, or open: its breaker lets nothing pass.
    state: &'static str,
    ms: u64,
}

/// 200 when every instance is up, 503 otherwise.
#[utoipa::path(
    get,
    path = "/health",
    responses(
        (status = 200, body = Health, description = "Every instance is up."),
        (status = 503, body = Health, description = "Not every instance is up.")
    )
)]
pub(super) async fn health(State(state): State<AppState>) -> Response {
    let mut last = state.health.0.lock().await;
    let health = match &*last {
        Some((asked, health)) if asked.elapsed() < FRESH => health.clone(),
        _ => {
            let health = ask_all(&state).await;
            *last = Some((Instant::now(), health.clone()));
            health
        }
    };
    drop(last);
    let code = match health.status {
        "up" => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, ApiJson(health)).into_response()
}

async fn ask_all(state: &AppState) -> Health {
    let mut probes = Vec::new();
    for name in UPSTREAMS {
        let upstream = state.upstreams.get(name);
        for index in 0..upstream.instances.len() {
            let upstream = upstream.clone();
            probes.push(async move { ask(name, &upstream.instances[index]).await });
        }
    }
    let upstreams = join_all(probes).await;
    let all_up = upstreams.iter().all(|upstream| upstream.state == "up");
    let shared = state.admission.is_shared();
    Health {
        status: if all_up { "up" } else { "degraded" },
        limits: if shared { "shared" } else { "local" },
        upstreams,
    }
}

async fn ask(name: &'static str, instance: &Instance) -> UpstreamHealth {
    let asked = Instant::now();
    let answered = match instance.address.socket() {
        Some(address) => matches!(
            timeout(PATIENCE, answers_http(&address)).await,
            Ok(Ok(true))
        ),
        None => false,
    };
    let state = match (answered, instance.client.is_open()) {
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

/// Any answer will do: a process that is paused accepts connections, but says nothing. Not through the edge's client:
/// a probe must neither open nor heal its breaker.
async fn answers_http(address: &str) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("HEAD / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut protocol = [0; 5];
    stream.read_exact(&mut protocol).await?;
    Ok(protocol == *b"HTTP/")
}
