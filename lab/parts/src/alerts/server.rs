//! The webhook: `POST /alerts`, one message at a time, until told to stop.

use std::{io, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::post,
};
use tokio::{net::TcpListener, sync::Mutex};
use tokio_util::sync::CancellationToken;

use super::Store;
use crate::Error;

/// A hundred alerts, which is as many as the lab's Alertmanager sends at once, take a tenth of it.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Accepts notifications on `listener` into `store` until `shutdown`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    store: Store,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let router = Router::new()
        .route("/alerts", post(accept))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(Mutex::new(store)));
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
}

/// A 5xx makes Alertmanager try again, a 4xx makes it give up: it would only say the same once more.
async fn accept(State(store): State<Arc<Mutex<Store>>>, body: Bytes) -> (StatusCode, String) {
    match store.lock().await.keep(&body) {
        Ok(()) => (StatusCode::OK, String::new()),
        Err(error @ Error::Invalid(_)) => (StatusCode::BAD_REQUEST, error.to_string()),
        Err(error) => {
            tracing::warn!(%error, "an alert could not be kept");
            (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
        }
    }
}
