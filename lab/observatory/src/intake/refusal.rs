//! Why a request is not taken, in HTTP's and in gRPC's words.

use axum::http::StatusCode;
use thiserror::Error;
use tonic::Code;

use super::REQUEST_BYTES_MAX;

/// Why a request is not taken.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing is wrong with it: the sender should try again.
    #[error("too many requests at once; try again in a second")]
    Busy,
    #[error("the request did not arrive in time")]
    Slow,
    #[error(
        "the request is larger than {REQUEST_BYTES_MAX} bytes, or would be when read; send smaller batches"
    )]
    Oversized,
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    Unsupported(String),
}

impl Refusal {
    /// As metrics call it.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Slow => "slow",
            Self::Oversized => "oversized",
            Self::Malformed(_) => "malformed",
            Self::Unsupported(_) => "unsupported",
        }
    }

    /// Only 429 of these is tried again by OTLP's senders.
    pub(super) fn http(&self) -> StatusCode {
        match self {
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Oversized => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    /// Only `Unavailable` of these is tried again by OTLP's senders.
    pub(super) fn grpc(&self) -> Code {
        match self {
            Self::Busy => Code::Unavailable,
            Self::Slow => Code::Aborted,
            Self::Oversized => Code::OutOfRange,
            Self::Malformed(_) => Code::InvalidArgument,
            Self::Unsupported(_) => Code::Unimplemented,
        }
    }
}
