//! The simulated payment service provider: Stripe-shaped under `/v1`, PayPal-shaped under `/v2`, one ledger behind both.
//!
//! It stands for the world outside the shop. It shares the mechanism of a service, but knows nothing of orders, users
//! or problem documents; it answers as the providers do, and its ledger shows from outside whether anybody was charged
//! twice. It never takes card numbers, only test tokens (see the README of this package).
//!
//! Environment, besides what every service reads (`SERVICE_HTTP_ADDR`, `SERVICE_ADMIN_ADDR`, `DB_…`):
//! - `DATABASE_URL`: its own PostgreSQL database.
//! - `PSP_API_KEY`: the merchant's secret key, `sk_…`; also the client secret for `/v1/oauth2/token`.
//! - `PSP_WEBHOOK_SECRET`: signs webhooks.
//! - `WEBHOOK_URL`: where webhooks go; without it events are only kept.
//! - `PROCESSING_DELAY_MS` (0): what asking the bank takes.
//! - `HANG_MS` (60000): how long a withheld answer keeps its request open. `REQUEST_TIMEOUT_MS` ends every request,
//!   this one too: set it above `HANG_MS` to see the whole of it.
//! - `WEBHOOK_RETRY_BASE_MS` (500), `WEBHOOK_ATTEMPTS_MAX` (50): redelivery.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::service::main("psp", psp::app::build)
}
