//! The gateway: the one public door of the shop.
//!
//! Environment: what every service takes (see `chassis::config::ServiceConfig`), `REDIS_URL`, `JWKS_URL`,
//! `SERVICE_TOKEN_KEY`, `EDGE_<SERVICE>_URL` for each upstream (see `gateway::upstream`), and what `gateway::config` lists.

use std::process::ExitCode;

fn main() -> ExitCode {
    chassis::service::main("gateway", gateway::app::build)
}
