//! SQL and Redis: plain functions on a connection. What they mean is decided elsewhere.

pub(crate) mod attempts;
pub(crate) mod redis;
pub(crate) mod revocations;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod users;
pub(crate) mod verifications;
