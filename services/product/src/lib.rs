//! The catalogue.
//!
//! Administrators keep products; everybody finds and reads them. A product that is no longer sold is archived, never
//! deleted: old orders still point at its id. The rules are in [`domain`], without I/O; [`commands`] join state and event
//! in one transaction; [`store`] holds the SQL, the search included; [`http`] is the API.
//!
//! What it does not know: how many there are (inventory does), who buys. It keeps no cache: a price that was changed is
//! the price that the next order reads.

pub mod app;
pub mod commands;
pub mod config;
pub mod domain;
pub mod error;
pub mod events;
pub mod http;
pub mod metrics;
pub mod store;

pub use self::{events::examples as example_events, http::document};
