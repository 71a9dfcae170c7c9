//! Errors in the form that clients of each version of the API read.

use axum::http::{StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use thiserror::Error;

/// A query that makes no sense; says which parameter and why.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub(super) struct BadQuery(pub(super) String);

/// Refused in the words of version 1.
pub(super) struct RefusedV1(BadQuery);

/// Refused in the words of version 3.
pub(super) struct RefusedV3(BadQuery);

impl From<BadQuery> for RefusedV1 {
    fn from(query: BadQuery) -> Self {
        Self(query)
    }
}

impl From<BadQuery> for RefusedV3 {
    fn from(query: BadQuery) -> Self {
        Self(query)
    }
}

impl IntoResponse for RefusedV1 {
    fn into_response(self) -> Response {
        v1(StatusCode::BAD_REQUEST, &self.0.to_string())
    }
}

impl IntoResponse for RefusedV3 {
    fn into_response(self) -> Response {
        v3(StatusCode::BAD_REQUEST, &self.0.to_string())
    }
}

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
