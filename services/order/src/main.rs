//! The order service: takes orders and sees each through to paid or cancelled.
//!
//! Environment: what every service takes (see `chassis::config::ServiceConfig`), `DATABASE_URL`, `KAFKA_BROKERS`,
//! `JWKS_URL`, `SERVICE_TOKEN_KEY`, `EDGE_PRODUCT_URL`, `EDGE_INVENTORY_URL`, `EDGE_PAYMENT_URL`, and the saga's
//! numbers (see `order::config`).

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::service::main("order", order::app::build)
}
