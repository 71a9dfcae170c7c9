//! The observatory as its senders and its readers see it: real servers on free ports.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a client of a test has no edge policy, and a test fails by panicking"
)]

mod bad_input;
mod exporters;
mod flood;
mod jaeger_v1;
mod jaeger_v3;
mod logs;
mod support;
