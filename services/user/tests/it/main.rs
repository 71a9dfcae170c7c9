//! The user service as its callers see it: the real service on real PostgreSQL and Redis, over HTTP.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test like the test itself"
)]

mod accounts;
mod admin;
mod bad_input;
mod kafka;
mod keys;
mod login;
mod metrics;
mod profiles;
mod refresh;
mod roles;
mod secrets;
mod support;
mod sweep;
mod tokens;
mod verification;
