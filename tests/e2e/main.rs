//! The shop as its users meet it: real processes started by the `faultline` command, spoken to through the gateway.
//!
//! Run through `make test`, or after `cargo build --workspace`:
//! `target/debug/faultline with-parts -- cargo test -p e2e`.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a customer has no edge policy, and a test fails by panicking"
)]

mod alerts;
mod bad_input;
mod breakers;
mod chaos;
mod client;
mod contracts;
mod crashes;
mod dashboards;
mod demo;
mod event_faults;
mod events;
mod experiments;
mod identity;
mod lab;
mod load;
mod money;
mod observatory;
mod operations;
mod orders;
mod otlp_endpoint;
mod secrets;
mod signals;
mod statements;
mod stories;
mod story;
mod telemetry_lost;
mod traces;
