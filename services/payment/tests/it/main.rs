//! The payment service on real parts: PostgreSQL, the real provider with its own ledger in the same process, HTTP on
//! loopback with a wire between them that can be cut, and the real binary where it has to die.

#![expect(
    clippy::disallowed_methods,
    reason = "a test speaks to its service over plain HTTP"
)]
#![expect(
    clippy::unwrap_used,
    reason = "in a test, panicking is the way to fail"
)]

mod access;
mod audit;
mod bad_input;
mod charges;
mod crashes;
mod failover;
mod idempotency;
mod metrics;
mod refunds;
mod secrets;
mod support;
mod tokens;
mod unknown;
mod voids;
mod webhooks;
