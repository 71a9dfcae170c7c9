//! `faultline contracts`: what the services promise, whether the code still promises it, and whether they keep it.
//!
//! The documents come from the services' own code, which this command has no part of: the program `contracts` beside it
//! has, and so has `pacts` for what consumers rely on. Asking running services whatever comes to mind is done by
//! schemathesis.

mod pacts;
mod publish;
mod schemathesis;

use std::process::{ExitStatus, Stdio};

use anyhow::{Context, bail};
use clap::Subcommand;
use tokio::process::Command;

use crate::Verdict;
use crate::cli::Global;
use crate::home::Home;

/// What `--help` says.
pub const HELP: &str = "Each service's API is described by contracts/openapi, made from its handlers, and served by the \
    service itself at /openapi.json, with a page to try it out at /docs. `generate` writes the files; `breaking` names what \
    the code breaks of contracts/released; `fuzz` lets schemathesis ask the services of a running lab whatever their \
    documents allow and forbid. A change of a document that is not checked in, or that breaks what was released, fails \
    `make test`.\n\nWhat each consumer relies on is in contracts/pacts, recorded by the consumers' own tests. `verify` asks \
    the services of a running lab for all of it, also for what the last released consumers relied on; `can-deploy` \
    answers from that; `prove` breaks what the services say, one way at a time, and expects to be noticed.\n\n`fuzz`, \
    `verify` and `prove` leave orders and payments behind that nobody wanted: use a lab that may be spoilt.";

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
    /// Ask the services of the running lab for everything that consumers rely on; exit code 1 when one differs
    Verify(pacts::Verify),
    /// Say from earlier verifications whether a service can run beside all others; exit code 1 when not
    CanDeploy {
        /// The service
        service: String,
    },
    /// Publish what consumers rely on to a Pact Broker, for those who have one; exit code 1 when it refuses
    Publish(publish::Publish),
    /// Break what the services of the running lab say, on purpose; exit code 1 when a break goes unnoticed
    Prove {
        /// Only this provider
        #[arg(long, value_name = "SERVICE")]
        provider: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
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
        Action::Release => match made_by_code(global, &["release"]).await? {
            Verdict::Yes => pacts::release(global).await,
            no => Ok(no),
        },
        Action::Verify(what) => pacts::verify(global, what).await,
        Action::CanDeploy { service } => pacts::can_deploy(global, &service).await,
        Action::Publish(what) => publish::publish(global, what).await,
        Action::Prove { provider, json } => pacts::prove(global, provider, json).await,
        Action::Fuzz { services, examples } => {
            schemathesis::fuzz(global, &services, examples).await
        }
    }
}

async fn made_by_code(global: &Global, args: &[&str]) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    let mut command = beside("contracts")?;
    command.arg("--repo").arg(home.repo()?).args(args);
    Ok(verdict(command.status().await?))
}

/// A program of this repository that is no part of this command.
fn beside(name: &str) -> anyhow::Result<Command> {
    let own = std::env::current_exe().context("find this program")?;
    let program = own.with_file_name(name);
    if !program.is_file() {
        bail!(
            "{} is not built: cargo build --package {name}",
            program.display()
        );
    }
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    Ok(command)
}

fn verdict(status: ExitStatus) -> Verdict {
    Verdict::from_bool(status.success())
}
