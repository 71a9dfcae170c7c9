//! `faultline contracts verify | can-deploy | prove`: the program `pacts` with what it has to know of a lab.

use parts::python;
use tokio::process::Command;

use super::{beside, verdict};
use crate::cli::Global;
use crate::commands::{env, setup::install_python};
use crate::{Lab, Verdict};

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// Only this provider
    #[arg(long, value_name = "SERVICE")]
    provider: Option<String>,
    /// The matrix as JSON
    #[arg(long)]
    json: bool,
    /// The matrix as JUnit XML
    #[arg(long, conflicts_with = "json")]
    junit: bool,
    /// Let Pact's own command verify, in its words and without a matrix
    #[arg(long, conflicts_with_all = ["json", "junit"])]
    reference: bool,
}

pub(super) async fn verify(global: &Global, what: Verify) -> anyhow::Result<Verdict> {
    let mut command = of_lab(global)?;
    command.arg("verify").args(provider(what.provider));
    for (flag, is_set) in [("--json", what.json), ("--junit", what.junit)] {
        command.args(is_set.then_some(flag));
    }
    if what.reference {
        let program = tokio::task::spawn_blocking(|| install_python(&python::PACT)).await??;
        command.arg("--with").arg(program);
    }
    Ok(verdict(command.status().await?))
}

pub(super) async fn can_deploy(global: &Global, service: &str) -> anyhow::Result<Verdict> {
    let mut command = of_lab(global)?;
    command.args(["can-deploy", service]);
    Ok(verdict(command.status().await?))
}

pub(super) async fn prove(
    global: &Global,
    only: Option<String>,
    json: bool,
) -> anyhow::Result<Verdict> {
    let mut command = of_lab(global)?;
    command.arg("prove").args(provider(only));
    command.args(json.then_some("--json"));
    Ok(verdict(command.status().await?))
}

pub(super) async fn release(global: &Global) -> anyhow::Result<Verdict> {
    let mut command = of_lab(global)?;
    command.arg("release");
    Ok(verdict(command.status().await?))
}

fn provider(name: Option<String>) -> Vec<String> {
    name.map_or_else(Vec::new, |name| vec!["--provider".to_owned(), name])
}

/// With the lab's addresses and keys in its environment.
fn of_lab(global: &Global) -> anyhow::Result<Command> {
    let lab = Lab::of(global)?;
    let mut command = beside("pacts")?;
    command
        .arg("--repo")
        .arg(lab.home.repo()?)
        .arg("--matrix")
        .arg(lab.home.state.join("contracts/matrix.json"))
        .envs(env::variables(&lab))
        .env("SERVICE_TOKEN_KEY", lab.secrets.service_token_key())
        .env("PSP_API_KEY", lab.secrets.psp_api_key())
        .env("PACT_DO_NOT_TRACK", "true");
    Ok(command)
}
