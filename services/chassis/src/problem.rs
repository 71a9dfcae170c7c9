//! Errors on the wire: RFC 9457 `application/problem+json`.
//!
//! A [`Problem`] has an outer part, which the client sees, and an inner cause, which only the log sees. The text of a 5xx
//! is constant. Members beyond the RFC: `code` (stable, for programs), `request_id`, `trace_id`, `retryable` (whether the
//! same request may be sent again), and `errors` (one entry a field).

mod fields;

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tracing::error;
use utoipa::ToSchema;

pub use self::fields::{FieldError, FieldErrors};
use crate::telemetry::request::RequestContext;

/// The media type.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An error as a client sees it, with its cause kept for the log.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    retryable: bool,
    retry_after: Option<Duration>,
    errors: Vec<FieldError>,
    cause: Option<anyhow::Error>,
}

/// The document as it travels; also what a client of another service reads.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// `urn:faultline:problem:<code>`; `docs/errors/<code>.md` is its page.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// Stable name for programs.
    pub code: String,
    /// Whether the same request may be sent again.
    #[serde(default)]
    pub retryable: bool,
    /// Id of the failed request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// Trace of the failed request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
    /// What is wrong, by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// Any client error. Not retryable unless said so.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retryable: false,
            retry_after: None,
            errors: Vec::new(),
            cause: None,
        }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401, with the challenge that RFC 6750 asks for.
    pub fn unauthorized(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// 403: known caller, not allowed.
    pub fn forbidden(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: does not exist, or is not the caller's to see.
    pub fn not_found(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// 409: the state of the resource does not allow it.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 422 with one entry a field.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self {
            errors,
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "validation_failed",
                "The request is well formed, but some values are not acceptable; see errors.",
            )
        }
    }

    /// 422 for one field.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// 503: a dependency is away or the service is full; try again after a while.
    pub fn unavailable(code: &'static str, retry_after: Duration) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            code,
            "The service cannot do this at the moment. Try again later.",
        )
        .retry_after(retry_after)
    }

    /// 500. The cause is logged here, once, with its whole chain; the client sees a constant text.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::logged_already().caused_by(cause)
    }

    /// 500 for something that is in the log already: a panic.
    pub(crate) fn logged_already() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong on our side. The request id finds it in the logs.",
        )
    }

    /// Says that the same request may be sent again after a while.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retryable = true;
        self.retry_after = Some(after);
        self
    }

    /// Says what is wrong by field (or by item) on a problem other than 422.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// Attaches the cause, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Whether the same request may be sent again.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// What is wrong, by field.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    fn document(&self) -> Document {
        let context = RequestContext::current();
        Document {
            kind: format!("urn:faultline:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone().into_owned(),
            code: self.code.to_owned(),
            retryable: self.retryable,
            request_id: context.request_id,
            trace_id: context.trace_id,
            errors: self.errors.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            error!(
                code = self.code,
                status = self.status.as_u16(),
                error = format!("{cause:#}"),
                "request failed"
            );
        }
        let body = serde_json::to_vec(&self.document()).expect("a problem is plain JSON");
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(after) = self.retry_after {
            // Whole seconds, rounded up: a client that comes back early would only be refused again.
            let seconds = after.as_millis().div_ceil(1000).max(1);
            let value = HeaderValue::from_str(&seconds.to_string()).expect("digits are valid");
            headers.insert(header::RETRY_AFTER, value);
        }
        response
    }
}

/// A database that does not answer is 503; anything else is our mistake.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if crate::db::is_transient(&error) {
            Self::unavailable("database_unavailable", Duration::from_secs(1)).caused_by(error)
        } else {
            Self::internal(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn the_cause_of_a_500_stays_inside() {
        let response = Problem::internal(anyhow::anyhow!("password=hunter2")).into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
    }

    #[tokio::test]
    async fn the_request_id_is_in_the_document() {
        let context = RequestContext {
            request_id: "r-42".to_owned(),
            ..Default::default()
        };
        let document = context
            .scope(async { Problem::conflict("x", "y").document() })
            .await;
        assert_eq!(document.request_id, "r-42");
    }

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        let response = Problem::unavailable("full", Duration::from_millis(1001)).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }

    #[test]
    fn a_401_carries_its_challenge() {
        let response = Problem::unauthorized("token_missing", "…").into_response();
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
}
