//! `faultline audit`: do the books balance?

use std::{path::PathBuf, time::Duration};

use crate::{
    Lab, Verdict, books,
    cli::Global,
    lab,
    term::{self, Paint},
};

/// What `--help` says.
pub const HELP: &str = "Compare orders, payments, stock, events and the payment provider's own \
    ledger, straight from their databases, with a role that can only read.\n\nThe invariants hold \
    at rest: what is under way gets --patience seconds to finish, and counts as a violation after \
    that. Each violation is shown with the orders and traces to look at.\n\n\
    JSON: {\"balanced\", \"checks\": [{\"name\", \"ok\", \"detail\", \"counterexamples\"}], \
    \"totals\"}.\n\nExit code 0 balanced, 1 not, 2 could not look.";

/// Options of `audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// How long work under way may take to finish
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub patience: u64,
    /// Also hold the books to what a client was told: a history that `faultline load` wrote
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
}

/// Audits the running lab.
///
/// # Errors
/// When no lab runs or a database cannot be read.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let lab = Lab::of(global)?;
    lab::client(&lab.home)?;
    let report = books::audit(
        &lab,
        Duration::from_secs(args.patience),
        args.history.as_deref(),
    )
    .await?;
    if args.json {
        term::json(&report)?;
    } else {
        books::show(&report, Paint::stdout());
    }
    Ok(Verdict::from_bool(report.balanced))
}
