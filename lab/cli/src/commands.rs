//! One file per command. A new one needs a line in [`crate::cli::Command`], a line here and its
//! file.

pub mod act;
pub mod alerts;
pub mod audit;
pub mod chaos;
pub mod completions;
pub mod contracts;
pub mod dashboards;
pub mod demo;
pub mod dlq;
pub mod doctor;
pub mod down;
pub mod env;
mod generated;
pub mod load;
pub mod logs;
pub mod mails;
pub mod setup;
pub mod slo;
pub mod smoke;
pub mod status;
pub mod trace;
pub mod up;
pub mod with_parts;

use supervisor::Action;

use crate::Verdict;
use crate::cli::{Cli, Command};

/// Runs what was asked for.
///
/// # Errors
/// When it could not look: exit code 2.
pub async fn run(cli: Cli) -> anyhow::Result<Verdict> {
    let global = &cli.global;
    match cli.command {
        Command::Up(args) => up::run(global, args).await,
        Command::Down(args) => down::run(global, args).await,
        Command::Status(args) => status::run(global, args).await,
        Command::Demo(args) => demo::run(global, args).await,
        Command::Load(args) => load::run(global, args).await,
        Command::Trace(args) => trace::run(global, args).await,
        Command::Smoke(args) => smoke::run(global, args).await,
        Command::Audit(args) => audit::run(global, args).await,
        Command::Dlq(args) => dlq::run(global, args).await,
        Command::Logs(args) => logs::run(global, args).await,
        Command::Kill(args) => act::run(global, args, Action::Kill).await,
        Command::Pause(args) => act::run(global, args, Action::Pause).await,
        Command::Resume(args) => act::run(global, args, Action::Resume).await,
        Command::Restart(args) => act::run(global, args, Action::Restart).await,
        Command::Doctor(args) => doctor::run(global, args),
        Command::Setup(args) => setup::run(global, args).await,
        Command::Slo(args) => slo::run(global, args).await,
        Command::Contracts(args) => contracts::run(global, args).await,
        Command::Dashboards(args) => dashboards::run(global, args),
        Command::Alerts(args) => alerts::run(global, args).await,
        Command::Chaos(args) => chaos::run(global, args).await,
        Command::Mails(args) => mails::run(global, args),
        Command::Env(args) => env::run(global, args),
        Command::WithParts(args) => with_parts::run(global, args).await,
        Command::Completions(args) => completions::run(args),
    }
}
