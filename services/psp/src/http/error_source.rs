//! What a failure of our own looks like to both faces, and its one line in the log.

use axum::http::StatusCode;
use tracing::error;

/// Logs a database failure; 503 when the same request may succeed later, 500 otherwise. Either way the request may have
/// been carried out: a repeat with its key tells.
pub(super) fn database_failure(cause: &sqlx::Error) -> StatusCode {
    error!(error = format!("{cause:#}"), "database failure");
    if chassis::db::is_transient(cause) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}
