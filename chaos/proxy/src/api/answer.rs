//! Answers as Toxiproxy gives them: JSON for what went well, JSON that calls itself text for what did not.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::registry::Error;

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let text = serde_json::to_string(value).expect("views have text keys only");
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

pub(super) fn status(error: &Error) -> StatusCode {
    match error {
        Error::ProxyNotFound | Error::ToxicNotFound | Error::LeaseNotFound => StatusCode::NOT_FOUND,
        Error::ProxyExists | Error::ToxicExists => StatusCode::CONFLICT,
        Error::Listen { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        Error::TooMany(..) => StatusCode::INSUFFICIENT_STORAGE,
        Error::MissingField(_)
        | Error::Stream
        | Error::ToxicType
        | Error::NotHttp { .. }
        | Error::Protocol
        | Error::Body(_)
        | Error::Attribute(_)
        | Error::Toxicity(_)
        | Error::Name(_)
        | Error::Lease => StatusCode::BAD_REQUEST,
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = status(&self);
        let body = json!({ "error": self.to_string(), "status": status.as_u16() });
        let headers = [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (status, headers, format!("{body}\n")).into_response()
    }
}
