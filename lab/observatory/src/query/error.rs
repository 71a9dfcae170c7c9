//! Errors in the form that clients of each version of the API read.

use axum::http::{StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use thiserror::Error;

/// A query that makes no sense; says which parameter and why.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub(super) struct BadQuery(pub(super) String);

/// The form of the version that `path` belongs to.
pub(super) fn response(path: &str, status: StatusCode, message: &str) -> Response {
    if path.starts_with("/api/v3/") {
        v3(status, message)
    } else {
        v1(status, message)
    }
}

/// `{"error": {"httpCode": 400, "message": "…"}}`
pub(super) fn v3(status: StatusCode, message: &str) -> Response {
    let body = json!({ "error": { "httpCode": status.as_u16(), "message": message } });
    answer(status, &body)
}

/// `{"data": null, "total": 0, "limit": 0, "offset": 0, "errors": [{"code": 400, "msg": "…"}]}`
pub(super) fn v1(status: StatusCode, message: &str) -> Response {
    let errors = json!([{ "code": status.as_u16(), "msg": message }]);
    let body = json!({ "data": null, "total": 0, "limit": 0, "offset": 0, "errors": errors });
    answer(status, &body)
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json")];
    (status, headers, body.to_string()).into_response()
}
