//! Whole runs of the engine, with real processes and requests, on hands that break nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod interrupted;
mod prepared;
mod schema;
mod support;
mod truth_table;
