//! What can be wrong with a wish, in Toxiproxy's words where it has some.

use std::io;

use thiserror::Error;

use crate::limits::LEASE_MAX;
use crate::toxic::BadAttribute;

/// Why a wish was not granted.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Error {
    #[error("proxy not found")]
    ProxyNotFound,
    #[error("toxic not found")]
    ToxicNotFound,
    #[error("lease not found")]
    LeaseNotFound,
    #[error("proxy already exists")]
    ProxyExists,
    #[error("toxic already exists")]
    ToxicExists,
    #[error("missing required field: {0}")]
    MissingField(String),
    #[error("stream was invalid, can be either upstream or downstream")]
    Stream,
    #[error("invalid toxic type")]
    ToxicType,
    #[error(
        "{kind} acts on HTTP requests, and {edge} is not known to carry HTTP (its protocol is tcp)"
    )]
    NotHttp { kind: &'static str, edge: String },
    #[error("protocol was invalid, can be either tcp or http")]
    Protocol,
    #[error("bad request body: {0}")]
    Body(String),
    #[error("bad request body: {0}")]
    Attribute(#[from] BadAttribute),
    #[error("toxicity must be from 0 to 1, not {0}")]
    Toxicity(f64),
    #[error("a name has 1 to {0} bytes, no slash, quote, backslash or line break")]
    Name(usize),
    #[error("lease_ms must be from 1 to {}", LEASE_MAX.as_millis())]
    Lease,
    #[error("too many {0}: {1} is the limit")]
    TooMany(&'static str, usize),
    #[error("listen {address}: {source}")]
    Listen { address: String, source: io::Error },
}
