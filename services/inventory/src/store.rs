//! SQL: plain functions on a connection, mostly inside somebody else's transaction.
//!
//! Locks are always taken in the same order (the order's reservation, then stock rows by product id), so transactions
//! wait for each other but never in a circle.

pub mod reservations;
pub mod stock;

use sqlx::migrate::Migrator;

/// Tables of this service, versions 1001 upward.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");
