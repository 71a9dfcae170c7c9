//! The user service: accounts, sessions, roles, and the keys that sign access tokens.
//!
//! Environment, beside what every service reads ([`chassis::config::ServiceConfig`], [`chassis::db::DbConfig`]):
//!
//! | variable | what | default |
//! |---|---|---|
//! | `DATABASE_URL` | the service's own PostgreSQL database | required |
//! | `REDIS_URL` | revoked tokens and login attempts, shared by all instances | required |
//! | `KAFKA_BROKERS` | where events are published | required |
//! | `SERVICE_TOKEN_KEY` | checks the tokens of other services | required |
//! | `KEY_ENCRYPTION_KEY` | 32 bytes in hex or base64: encrypts the private signing keys at rest | required |
//! | `ADMIN_EMAIL`, `ADMIN_PASSWORD` | the administrator, created or updated at start | none |
//! | `PUBLIC_URL` | how clients reach the service, for the discovery document | `http://` + `SERVICE_HTTP_ADDR` |
//!
//! Limits and lifetimes are in [`user::config`].

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::service::main("user", user::app::build)
}
