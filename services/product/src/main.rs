//! The product service: what the shop sells and for how much.
//!
//! Configured by environment variables alone. Its own: `DATABASE_URL`, `KAFKA_BROKERS` (see [`product::config`]). Those of
//! every service: `SERVICE_HTTP_ADDR`, `SERVICE_ADMIN_ADDR`, `JWKS_URL`, `SERVICE_TOKEN_KEY`, `DB_…`, `LOG_…` (see the
//! chassis).

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::service::main("product", product::app::build)
}
