//! `faultline contracts publish`: what consumers rely on, to a Pact Broker. Pact's own command does it, so that every
//! broker's way to say who one is, and TLS, are those that its users know.

use parts::python;
use std::process::Stdio;
use tokio::process::Command;

use super::verdict;
use crate::cli::Global;
use crate::commands::setup::install_python;
use crate::home::Home;
use crate::{Verdict, term};

/// Options of `publish`. `PACT_BROKER_USERNAME` and `PACT_BROKER_PASSWORD` are passed on as they are.
#[derive(Debug, clap::Args)]
pub(super) struct Publish {
    /// The broker
    #[arg(long, env = "PACT_BROKER_BASE_URL", value_name = "URL")]
    broker: String,
    /// Who we are, for a broker that wants to know; one with names and passwords takes PACT_BROKER_USERNAME and
    /// PACT_BROKER_PASSWORD
    #[arg(
        long,
        env = "PACT_BROKER_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    token: Option<String>,
    /// Of the consumers, all of which are in this repository: for example `$(git rev-parse HEAD)`
    #[arg(long, value_name = "VERSION")]
    version: String,
    /// Where that version is
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
}

/// Publishes contracts/pacts.
///
/// # Errors
/// Pact's command cannot be installed or started.
pub(super) async fn publish(global: &Global, what: Publish) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    let pacts = home.repo()?.join("contracts/pacts");
    let program = tokio::task::spawn_blocking(|| install_python(&python::PACT)).await??;
    let mut command = Command::new(program);
    command
        .args(["broker", "publish"])
        .arg(&pacts)
        .args(["--broker-base-url", &what.broker])
        .args(["--consumer-app-version", &what.version])
        .env("PACT_DO_NOT_TRACK", "true")
        .stdin(Stdio::null());
    if let Some(branch) = &what.branch {
        command.args(["--branch", branch]);
    }
    // Not as an argument, which every user of the machine could read.
    match &what.token {
        Some(token) => command.env("PACT_BROKER_TOKEN", token),
        None => command.env_remove("PACT_BROKER_TOKEN"),
    };
    let verdict = verdict(command.status().await?);
    if verdict == Verdict::No {
        term::note(format!(
            "{} did not take them all; its words are above",
            what.broker
        ));
    }
    Ok(verdict)
}
