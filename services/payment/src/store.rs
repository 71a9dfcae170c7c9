//! SQL of this service: plain functions on a connection. Decisions are the domain's.

pub(crate) mod attempts;
pub mod audit;
pub(crate) mod payments;
pub(crate) mod refunds;
pub(crate) mod webhooks;

use sqlx::migrate::Migrator;

/// The tables of this service; the chassis adds its own.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");
