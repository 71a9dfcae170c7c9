//! The proxy with real sockets: servers on one side, clients on the other, its control API in between.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, with the place that does not hold"
)]

mod api;
mod clients;
mod connections;
mod faults;
mod http;
mod http_unhurt;
mod leases;
mod support;
