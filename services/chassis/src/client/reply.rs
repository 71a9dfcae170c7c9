//! What came of a call.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::{Problem, problem::Document};

/// An answer, whatever its status below 500 (429 and 408 excepted).
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Reply {
    /// The body of a 2xx as a type; [`CallError::Refused`] for any other status.
    ///
    /// # Errors
    /// [`CallError::Refused`], [`CallError::Senseless`].
    pub fn json<T: DeserializeOwned>(self) -> Result<T, CallError> {
        let reply = self.accepted()?;
        serde_json::from_slice(&reply.body).map_err(|error| CallError::Senseless {
            reason: error.to_string(),
        })
    }

    /// The reply itself if it is a 2xx.
    ///
    /// # Errors
    /// [`CallError::Refused`].
    pub fn accepted(self) -> Result<Self, CallError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let code = self.problem_code();
        Err(CallError::Refused {
            status: self.status,
            code,
            body: self.body,
        })
    }

    /// The `code` of a problem document, or an empty string.
    pub fn problem_code(&self) -> String {
        serde_json::from_slice::<Document>(&self.body)
            .map(|p| p.code)
            .unwrap_or_default()
    }
}

/// Why there is no answer that can be used.
#[derive(Debug, Error)]
pub enum CallError {
    /// The breaker is open; nothing was sent.
    #[error("{edge}: circuit breaker is open")]
    BreakerOpen {
        /// The edge.
        edge: String,
        /// When a probe may pass.
        retry_after: Duration,
    },
    /// Too many calls on this edge already; nothing was sent.
    #[error("{edge}: too many calls in flight")]
    BulkheadFull {
        /// The edge.
        edge: String,
    },
    /// No connection could be made; nothing was sent.
    #[error("{edge}: cannot connect")]
    Connect {
        /// The edge.
        edge: String,
        /// The cause.
        #[source]
        source: anyhow::Error,
    },
    /// The time was up before anything was sent.
    #[error("{edge}: no time left to call")]
    NoTimeLeft {
        /// The edge.
        edge: String,
    },
    /// No answer in time. The neighbour may have done it.
    #[error("{edge}: no answer within {after:?}")]
    Timeout {
        /// The edge.
        edge: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection broke before the answer was complete. The neighbour may have done it.
    #[error("{edge}: connection lost")]
    Lost {
        /// The edge.
        edge: String,
        /// The cause.
        #[source]
        source: anyhow::Error,
    },
    /// 408, 429 or 5xx: the neighbour could not. After a 5xx it may have done it all the same.
    #[error("{edge}: answered {status} {code}")]
    Unavailable {
        /// The edge.
        edge: String,
        /// The status.
        status: StatusCode,
        /// `code` of the problem document, if it sent one.
        code: String,
        /// What the neighbour asked to wait.
        retry_after: Option<Duration>,
        /// The whole answer, for a gateway that passes it on.
        reply: Box<Reply>,
    },
    /// The neighbour understood and said no (4xx, or 3xx).
    #[error("answered {status} {code}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// `code` of the problem document, if it sent one.
        code: String,
        /// The body, for callers of services that do not speak problem+json.
        body: Bytes,
    },
    /// A 2xx whose body is not what it should be. The neighbour did it.
    #[error("answer makes no sense: {reason}")]
    Senseless {
        /// What is wrong.
        reason: String,
    },
}

impl CallError {
    /// Whether the neighbour may have acted. Only a "no" lets the caller assume that nothing happened.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::BreakerOpen { .. }
            | Self::BulkheadFull { .. }
            | Self::Connect { .. }
            | Self::NoTimeLeft { .. }
            | Self::Refused { .. } => false,
            Self::Unavailable { status, .. } => status.is_server_error(),
            Self::Timeout { .. } | Self::Lost { .. } | Self::Senseless { .. } => true,
        }
    }

    /// What to note as the outcome in metrics.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::BreakerOpen { .. } => "breaker_open",
            Self::BulkheadFull { .. } => "bulkhead_full",
            Self::Connect { .. } => "connect",
            Self::NoTimeLeft { .. } => "no_time_left",
            Self::Timeout { .. } => "timeout",
            Self::Lost { .. } => "lost",
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Senseless { .. } => "senseless",
        }
    }

    /// Whether another try may do better.
    pub(super) fn is_worth_a_retry(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. }
                | Self::Timeout { .. }
                | Self::Lost { .. }
                | Self::Unavailable { .. }
        ) && !matches!(self, Self::Unavailable { status, .. } if !is_retryable(*status))
    }
}

/// 408, 429, 502, 503 and 504 speak of a moment; a 500 or 501 would answer the same again.
fn is_retryable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504)
}

/// A neighbour that is away makes us unavailable; what it says about a bad request of ours is our mistake.
impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused { .. } | CallError::Senseless { .. } => Self::internal(error),
            CallError::BreakerOpen { retry_after, .. } => {
                Self::unavailable("dependency_unavailable", retry_after).caused_by(error)
            }
            _ => {
                Self::unavailable("dependency_unavailable", Duration::from_secs(1)).caused_by(error)
            }
        }
    }
}
