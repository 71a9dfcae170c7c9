//! `faultline setup`: makes this machine able to run the lab.

mod clients;
pub(super) mod reference;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use clap::ValueEnum;
use parts::python::{self, Tool};
use parts::requirements::{self, Kind};
use tokio::process::Command;

use crate::Verdict;
use crate::cli::Global;
use crate::home::Home;
use crate::progress::PartsView;
use crate::term;

/// What `--help` says.
pub const HELP: &str = "Install what is missing (PostgreSQL, Redis, Prometheus, Alertmanager, a C compiler, make) with \
    apt-get or Homebrew, saying what and why before it does; build the broker, once, into the \
    user's cache; build the services.\n\n`--for reference` installs what `faultline load gateway` compares the gateway with: nginx, wrk, \
    Node, and a few packages into target/. Nothing else needs those.\n\nNothing is installed or built twice. As an ordinary user \
    it asks sudo for what needs root. No system service is left running.";

/// Options of `setup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What for: `test` leaves the release build of the services out and adds the clients and tools that tests use;
    /// `reference` adds what `load gateway` compares with
    #[arg(long = "for", value_name = "PURPOSE", default_value = "lab")]
    pub purpose: Purpose,
}

/// What the machine is set up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    /// Running the lab.
    Lab,
    /// Running the tests.
    Test,
    /// Comparing the gateway with others: nginx, wrk, and the packages of an Express gateway.
    Reference,
}

/// Does it.
///
/// # Errors
/// When something cannot be installed or built, with what to do instead.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    let repo = home.repo()?.to_owned();
    match args.purpose {
        Purpose::Lab => {
            tokio::task::spawn_blocking(|| install_missing(&Kind::OF_LAB)).await??;
            build_services(&repo).await?;
        }
        Purpose::Test => tokio::task::spawn_blocking(move || prepare_tests(&repo)).await??,
        Purpose::Reference => {
            tokio::task::spawn_blocking(move || {
                install_missing(&Kind::OF_REFERENCE)?;
                reference::install(&repo)
            })
            .await??;
        }
    }
    term::note(match args.purpose {
        Purpose::Reference => "This machine has what `faultline load gateway` needs.",
        Purpose::Lab | Purpose::Test => "This machine has what the lab needs.",
    });
    Ok(Verdict::Yes)
}

fn prepare_tests(repo: &Path) -> anyhow::Result<()> {
    install_missing(&[&Kind::OF_TESTS[..], &Kind::OF_LAB].concat())?;
    clients::install(repo)?;
    install_python(&python::SCHEMATHESIS)?;
    install_python(&python::PACT)?;
    install_python(&python::CHAOS_TOOLKIT)?;
    Ok(())
}

fn install_missing(kinds: &[Kind]) -> anyhow::Result<()> {
    let mut view = PartsView::default();
    let installed =
        requirements::install(&requirements::check(kinds), &mut |report| view.show(report));
    view.finish();
    Ok(installed?)
}

/// Cargo shows its own progress.
async fn build_services(repo: &Path) -> anyhow::Result<()> {
    term::note("Building the services (release)");
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked"])
        .current_dir(repo)
        .stdin(Stdio::null())
        .status()
        .await
        .context("run cargo (is Rust installed? https://rustup.rs)")?;
    if !status.success() {
        bail!("the services could not be built ({status}); cargo's words are above");
    }
    Ok(())
}

/// Installs a program written in Python unless it is there. Blocks.
///
/// # Errors
/// When it cannot be installed, with what to do.
pub(super) fn install_python(tool: &Tool) -> anyhow::Result<PathBuf> {
    let mut view = PartsView::default();
    let program = python::install(tool, &mut |report| view.show(report));
    view.finish();
    Ok(program?)
}
