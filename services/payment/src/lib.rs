//! The payment service: takes money for orders through two providers, gives it back, and never guesses.
//!
//! A call whose answer was lost may have moved money. It stays `pending` until the provider has given a definite answer,
//! and another provider is tried only when the first certainly did nothing. Start reading at `commands`.

pub mod app;
mod commands;
pub mod config;
pub mod domain;
pub mod error;
pub mod events;
mod http;
pub mod metrics;
pub mod provider;
pub mod signature;
pub mod store;
pub mod vault;
mod views;
mod worker;

pub use self::{events::examples as example_events, http::document};
