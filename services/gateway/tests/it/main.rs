//! The gateway on real parts: Redis, tokens of a real issuer, HTTP on loopback. Behind it stand small servers that answer
//! as they are told to: whatever a service may do, the door has to cope with.

#![expect(
    clippy::disallowed_methods,
    reason = "a test speaks to its service over plain HTTP"
)]
#![expect(
    clippy::unwrap_used,
    reason = "in a test, panicking is the way to fail"
)]

mod access_log;
mod canary;
mod discovery;
mod edge;
mod limits;
mod log_lines;
mod metrics;
mod outage;
mod paths;
mod routing;
mod secrets;
mod support;
mod tokens;
mod upstream;
