//! Accounts, sessions, roles, and the keys that sign access tokens.
//!
//! It decides who somebody is. What a role may do with an order or a product is decided by the services that own them;
//! they check tokens by themselves against this service's JWKS. Start reading at [`app::build`].

pub mod app;
mod commands;
pub mod config;
mod domain;
mod error;
mod hasher;
mod http;
mod keys;
mod metrics;
mod store;
mod worker;

pub use self::{domain::events::examples as example_events, http::document};

/// The tables of the service; merged with the chassis's own by [`chassis::db::migrate`].
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
