//! The `chaos-proxy` program: configuration from the environment, then serve until a signal.

use std::process::ExitCode;

use anyhow::Context as _;
use proxy::{config::Config, server};
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

// Moving bytes is system calls and little else: handing connections from thread to thread would only cost.
#[tokio::main(flavor = "current_thread")]
async fn run(config: &Config) -> anyhow::Result<()> {
    if let Err(error) = server::raise_descriptor_limit() {
        tracing::warn!(%error, "the limit of descriptors stays as it is");
    }
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let running = server::start(config).await?;
    info!(control = %running.control, seed = config.seed, "serving");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(())
}
