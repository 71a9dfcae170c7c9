//! What a client is told whose key was used before. One place, so that every service says it in the same words.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Problem,
    http::{ApiJson, IDEMPOTENCY_REPLAYED},
};

/// How a key was used before.
#[derive(Clone, Debug, PartialEq)]
pub enum Repeated {
    /// For this request, and it was answered: the same answer again, marked `idempotency-replayed: true`.
    Answered(Stored),
    /// For this request, and somebody works on it: 409, ask again later.
    InProgress {
        /// Until the lease ends; at least a second.
        retry_after: Duration,
    },
    /// For another request: 422.
    OtherRequest,
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
    /// What the request made, if it was attached.
    pub resource_id: Option<Uuid>,
}

impl IntoResponse for Repeated {
    fn into_response(self) -> Response {
        match self {
            Self::Answered(stored) => stored.into_response(),
            Self::InProgress { retry_after } => Problem::conflict(
                "idempotency_in_progress",
                "A request with this Idempotency-Key is being worked on. It may still succeed.",
            )
            .retry_after(retry_after)
            .into_response(),
            Self::OtherRequest => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request; use a fresh one.",
            )
            .into_response(),
        }
    }
}

impl IntoResponse for Stored {
    fn into_response(self) -> Response {
        match StatusCode::from_u16(self.status) {
            Ok(status) => {
                let replayed = [(IDEMPOTENCY_REPLAYED, "true")];
                (status, replayed, ApiJson(self.body)).into_response()
            }
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;

    use super::*;

    #[test]
    fn an_answer_is_given_again_and_marked() {
        let stored = Stored {
            status: 201,
            body: Value::Null,
            resource_id: None,
        };
        let response = Repeated::Answered(stored).into_response();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()[IDEMPOTENCY_REPLAYED], "true");
    }

    #[test]
    fn a_request_under_way_says_when_to_ask_again() {
        let retry_after = Duration::from_secs(3);
        let response = Repeated::InProgress { retry_after }.into_response();
        assert_eq!(response.status(), 409);
        assert_eq!(response.headers()[RETRY_AFTER], "3");
    }

    #[test]
    fn a_key_of_another_request_is_refused_and_not_marked_as_replayed() {
        let response = Repeated::OtherRequest.into_response();
        assert_eq!(response.status(), 422);
        assert!(!response.headers().contains_key(IDEMPOTENCY_REPLAYED));
    }
}
