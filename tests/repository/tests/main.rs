//! The repository agrees with itself: what documents and deployment files say is what the code says.
//!
//! Needs no lab and no network: `cargo test -p repository`.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, with the place that does not agree"
)]

mod api_codes;
mod builds;
mod compose;
mod dashboards;
mod error_pages;
mod links;
mod problems;
mod sources;
