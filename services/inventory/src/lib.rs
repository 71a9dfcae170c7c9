//! Stock and reservations.
//!
//! A unit of stock is available, reserved for an order, or sold; what was received is the sum of the three, always.
//! Orders reserve before they pay, so that nobody is charged for what is not there; a reservation that nobody commits
//! expires. The rules are in [`domain`], without I/O; [`store`] applies the same rules in SQL; [`commands`] joins state
//! and event in one transaction; [`http`] and [`worker`] call the commands.
//!
//! What it does not know: which products exist (it keeps stock for any id), what they cost, who buys.

pub mod app;
pub mod commands;
pub mod config;
pub mod domain;
pub mod error;
pub mod events;
pub mod http;
pub mod metrics;
pub mod store;
pub mod worker;

pub use self::{events::examples as example_events, http::document};
