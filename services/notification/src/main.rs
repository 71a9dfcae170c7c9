//! The notification service: tells customers by mail what happened.
//!
//! Environment: what every service takes (see `chassis::config::ServiceConfig`), `KAFKA_BROKERS`, `REDIS_URL`,
//! `SMTP_URL`, `EDGE_USER_URL`, `JWKS_URL`, `SERVICE_TOKEN_KEY`, and `MAIL_FROM`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::service::main("notification", notification::app::build)
}
