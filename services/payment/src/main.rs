//! The payment service: charges, refunds and voids; each order is charged at most once.
//!
//! Configured by environment variables alone. Its own: `DATABASE_URL`, `KAFKA_BROKERS`, `PSP_API_KEY`,
//! `PSP_WEBHOOK_SECRET`, `PAYMENT_…` (see [`payment::config`]), and the providers' addresses `EDGE_STRIPE_URL` and
//! `EDGE_PAYPAL_URL`. Those of every service: `SERVICE_HTTP_ADDR`, `SERVICE_ADMIN_ADDR`, `JWKS_URL`,
//! `SERVICE_TOKEN_KEY`, `DB_…`, `LOG_…` (see the chassis).

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::service::main("payment", payment::app::build)
}
