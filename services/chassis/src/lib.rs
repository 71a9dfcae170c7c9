//! Mechanism that every service shares: configuration, lifecycle, telemetry, HTTP in and out, database, events, auth.
//!
//! It is not a place for the domain. The test for whether something belongs here: could one service be deployed with
//! a new chassis while another still runs the old one? The only wire formats that the chassis owns are problem+json
//! ([`problem`]), the event envelope ([`events`]) and the propagation headers ([`telemetry`], deadlines in [`client`]).
//!
//! Start reading at [`service`], which a service's `main` calls.

pub mod auth;
pub mod client;
pub mod config;
pub mod crash;
pub mod db;
pub mod events;
pub mod http;
pub mod id;
pub mod idempotency;
pub mod metrics;
pub mod money;
pub mod openapi;
pub mod problem;
pub mod protection;
pub mod retention;
pub mod service;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;

pub use problem::Problem;
