//! The `observatory` program: configuration from the environment, then serve until a signal.

use std::process::ExitCode;

use anyhow::Context as _;
use observatory::{config::Config, server};
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

/// 78 is `EX_CONFIG` of sysexits.h: restarting will not help.
const BAD_CONFIG: u8 = 78;

fn main() -> ExitCode {
    tracing_subscriber::fmt().json().flatten_event(true).init();
    let config = match Config::from_vars(std::env::vars()) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(%error, "refusing to start");
            return ExitCode::from(BAD_CONFIG);
        }
    };
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "ended");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn run(config: &Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let running = server::start(config).await?;
    let (otlp_http, otlp_grpc, query) = (running.otlp_http, running.otlp_grpc, running.query);
    info!(%otlp_http, %otlp_grpc, %query, "serving");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(())
}
