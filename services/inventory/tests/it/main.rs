//! The inventory on real parts: PostgreSQL, HTTP on loopback, the real binary where it has to die, and Kafka where the
//! way of an event is the point.

#![expect(
    clippy::disallowed_methods,
    reason = "a test speaks to its service over plain HTTP"
)]
#![expect(
    clippy::unwrap_used,
    reason = "in a test, panicking is the way to fail"
)]

mod bad_input;
mod concurrency;
mod crashes;
mod events;
mod expiry;
mod kafka;
mod metrics;
mod model;
mod outage;
mod reservations;
mod stock;
mod support;
