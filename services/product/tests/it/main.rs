//! The catalogue on real parts: PostgreSQL, HTTP on loopback, and Kafka where events are the point.

#![expect(
    clippy::disallowed_methods,
    reason = "a test speaks to its service over plain HTTP"
)]
#![expect(
    clippy::unwrap_used,
    reason = "in a test, panicking is the way to fail"
)]

mod access;
mod bad_input;
mod import;
mod kafka;
mod products;
mod search;
mod support;
mod versions;
