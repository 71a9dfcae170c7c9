//! `faultline contracts`: what the services promise, whether the code still promises it, and whether they keep it.
//!
//! The documents come from the services' own code, which this command has no part of: the program `contracts` beside it
//! has. Asking running services is done by schemathesis.

mod schemathesis;

use std::process::Stdio;

use anyhow::{Context, bail};
use clap::Subcommand;
use tokio::process::Command;

pub use self::schemathesis::install as install_schemathesis;
use crate::Verdict;
use crate::cli::Global;
use crate::home::Home;

/// What `--help` says.
pub const HELP: &str = "Each service's API is described by contracts/openapi, made from its handlers, and served by the \
    service itself at /openapi.json, with a page to try it out at /docs. `generate` writes the files; `breaking` names what \
    the code breaks of contracts/released; `fuzz` lets schemathesis ask the services of a running lab whatever their \
    documents allow and forbid. A change of a document that is not checked in, or that breaks what was released, fails \
    `make test`.";

/// Options of `contracts`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write contracts/openapi from the code
    Generate {
        /// Only say whether the files are up to date; exit code 1 when not
        #[arg(long)]
        check: bool,
    },
    /// Name what the code breaks of what was released; exit code 1 when anything
    Breaking,
    /// Make what the code promises now the last release, against which changes are judged
    Release,
    /// Let schemathesis ask the services of the running lab; exit code 1 when one of them breaks its word
    Fuzz {
        /// Only these services
        #[arg(value_name = "SERVICE")]
        services: Vec<String>,
        /// Requests an operation and phase, at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        examples: u32,
    },
}

/// Does it.
///
/// # Errors
/// When the program `contracts` is not built, schemathesis cannot be installed, or there is no lab to ask.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    match args.action {
        Action::Generate { check: true } => made_by_code(global, &["generate", "--check"]).await,
        Action::Generate { check: false } => made_by_code(global, &["generate"]).await,
        Action::Breaking => made_by_code(global, &["breaking"]).await,
        Action::Release => made_by_code(global, &["release"]).await,
        Action::Fuzz { services, examples } => {
            schemathesis::fuzz(global, &services, examples).await
        }
    }
}

async fn made_by_code(global: &Global, args: &[&str]) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    let own = std::env::current_exe().context("find this program")?;
    let program = own.with_file_name("contracts");
    if !program.is_file() {
        bail!(
            "{} is not built: cargo build --package contracts",
            program.display()
        );
    }
    let status = Command::new(program)
        .arg("--repo")
        .arg(home.repo()?)
        .args(args)
        .stdin(Stdio::null())
        .status()
        .await?;
    Ok(Verdict::from_bool(status.success()))
}
