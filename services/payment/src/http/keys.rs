//! Answers under an idempotency key.

use axum::response::{IntoResponse, Response};
use chassis::{
    Problem,
    http::{ApiJson, IDEMPOTENCY_REPLAYED},
    idempotency::Stored,
};
use http::StatusCode;

/// A key is required: money that moves twice is somebody's loss.
pub(super) fn required(key: Option<String>) -> Result<String, Problem> {
    key.ok_or_else(|| Problem::bad_request("idempotency_key_missing", "Send an Idempotency-Key."))
}

/// The answer that was given before, marked as such.
pub(super) fn replay(stored: Stored) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(stored.status).map_err(Problem::internal)?;
    Ok((
        status,
        [(IDEMPOTENCY_REPLAYED, "true")],
        ApiJson(stored.body),
    )
        .into_response())
}
