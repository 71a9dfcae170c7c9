//! SQL: plain functions on a connection. [`products`] reads and writes single ones, [`search`] finds pages of them,
//! [`import`] writes many at once.

pub mod import;
pub mod products;
pub mod search;

use sqlx::migrate::Migrator;

/// Tables of this service, versions 1001 upward.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");
