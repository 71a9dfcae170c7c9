//! Orders: event-sourced, with a read model, and the saga that takes each order from created to paid or cancelled.
//!
//! From a request to its row: [`app`] (router) → `http` (handlers) → `domain` (what is legal) → `store` (SQL).
//! From an order to its end: `saga` (steps, runner) with `neighbours` (calls out); `worker` resumes what a crash left.

pub mod app;
mod config;
mod domain;
mod error;
mod http;
mod metrics;
pub mod neighbours;
mod saga;
mod store;
mod worker;

pub use self::{http::document, store::stream::examples as example_events, worker::payments};

/// This service's migrations, for tests that need its tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
