//! The inventory service: how much of each product there is, and for whom it is kept.
//!
//! Configured by environment variables alone. Its own: `DATABASE_URL`, `KAFKA_BROKERS`, `RESERVATION_HOLD_MS`,
//! `EXPIRY_SWEEP_MS` (see [`inventory::config`]). Those of every service: `SERVICE_HTTP_ADDR`, `SERVICE_ADMIN_ADDR`,
//! `JWKS_URL`, `SERVICE_TOKEN_KEY`, `DB_…`, `LOG_…` (see the chassis).

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::service::main("inventory", inventory::app::build)
}
