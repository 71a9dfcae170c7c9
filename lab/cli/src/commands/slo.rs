//! `faultline slo`: what the shop promises, and whether it keeps it.

mod generate;
mod standing;
pub(super) mod status;

use clap::Subcommand;

use crate::Verdict;
use crate::cli::Global;

/// What `--help` says.
pub const HELP: &str = "The shop's objectives are in alerts/slo.yaml, in Sloth's format. `generate` makes \
    Prometheus' rules from them: alerts/rules/slo.yml (30 days) and alerts/rules/slo-lab.yml (the same \
    thirty times faster: a period of one day, alerts within two minutes), and their dashboard, \
    dashboards/grafana/slo.json. `status` asks the lab's Prometheus \
    how each objective stands.";

/// Options of `slo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print each objective: how much was good, how much of the error budget is left, how fast it burns
    #[command(long_about = status::HELP)]
    Status(status::Args),
    /// Write the rules and the dashboard that follow from alerts/slo.yaml
    #[command(long_about = generate::HELP)]
    Generate(generate::Args),
}

/// Does it.
///
/// # Errors
/// When no lab runs (`status`) or the files cannot be read or written (`generate`).
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    match args.action {
        Action::Status(args) => status::run(global, args).await,
        Action::Generate(args) => generate::run(global, args),
    }
}
