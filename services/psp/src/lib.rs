//! The simulated payment service provider, as a library: what the binary runs and what tests start.
//!
//! A request goes `http::{stripe,paypal}` (parse) → `domain` command → `process` (at most once a key, one
//! transaction) → `store`; the answer is rendered by the face that was asked. `worker` delivers webhooks.

pub mod app;
mod config;
mod domain;
mod http;
mod metrics;
mod process;
pub mod signature;
mod store;
mod worker;

pub use self::http::document;

pub use store::MIGRATOR;
