//! The answering side.

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use nix::sys::stat::{Mode, umask};
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::{LEASE_MAX, record_path, socket_path};
use crate::{Action, Dirs, Error, Supervisor};

/// Binds the control socket with mode 0600 and writes down where it is. The caller holds the
/// state folder, so a socket that is there already is a dead one's and is replaced.
///
/// # Errors
/// When it cannot be bound, with its path.
pub fn bind(dirs: &Dirs) -> Result<UnixListener, Error> {
    let path = socket_path(dirs);
    let doing = format!("bind the control socket {}", path.display());
    bind_private(&path)
        .and_then(|listener| {
            fs::write(record_path(dirs), path.to_string_lossy().as_bytes()).map(|()| listener)
        })
        .map_err(Error::io(doing))
}

fn bind_private(path: &std::path::Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // The mode must be right from the first moment, not after a chmod.
    let before = umask(Mode::from_bits_truncate(0o177));
    let listener = UnixListener::bind(path);
    umask(before);
    listener
}

#[derive(Clone)]
struct App {
    supervisor: Arc<Supervisor>,
    stop: CancellationToken,
}

/// Serves until `shutdown` is cancelled, then removes the socket. `stop` is cancelled when a
/// client asks for the end: stopping is the caller's to do, this only passes it on.
///
/// # Errors
/// When accepting connections fails for good.
pub async fn serve(
    listener: UnixListener,
    supervisor: Arc<Supervisor>,
    stop: CancellationToken,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let path = socket_path(supervisor.dirs());
    let record = record_path(supervisor.dirs());
    let router = Router::new()
        .route("/status", get(status))
        .route("/boot", get(boot))
        .route("/processes/{name}/{action}", post(act))
        .route("/stop", post(request_stop))
        .with_state(App { supervisor, stop });
    let served = axum::serve(listener, router)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await;
    let _ = fs::remove_file(record);
    let _ = fs::remove_file(path);
    served
}

async fn status(State(app): State<App>) -> Response {
    let measured = tokio::task::spawn_blocking(move || app.supervisor.status()).await;
    match measured {
        Ok(status) => json(&status),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn boot(State(app): State<App>) -> Response {
    json(&app.supervisor.board.now())
}

#[derive(Deserialize)]
struct Wish {
    lease_ms: Option<u64>,
}

async fn act(
    State(app): State<App>,
    Path((name, action)): Path<(String, String)>,
    Query(wish): Query<Wish>,
) -> Response {
    let action: Action = match action.parse() {
        Ok(action) => action,
        Err(reason) => return (StatusCode::NOT_FOUND, reason).into_response(),
    };
    let lease = wish.lease_ms.map(Duration::from_millis);
    if lease.is_some_and(|lease| lease.is_zero() || lease > LEASE_MAX) {
        let reason = "lease_ms must be from 1 to 3600000";
        return (StatusCode::BAD_REQUEST, reason).into_response();
    }
    match app.supervisor.act(&name, action, lease).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error @ Error::UnknownProcess { .. }) => {
            (StatusCode::NOT_FOUND, error.to_string()).into_response()
        }
        Err(error) => (StatusCode::CONFLICT, error.to_string()).into_response(),
    }
}

async fn request_stop(State(app): State<App>) -> StatusCode {
    app.stop.cancel();
    StatusCode::ACCEPTED
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
