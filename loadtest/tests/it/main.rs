//! The load against a shop of a few lines, which only remembers what it was asked.
#![expect(
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "this shop needs no problem documents, and a test fails by panicking"
)]

mod seed;
mod shop;
