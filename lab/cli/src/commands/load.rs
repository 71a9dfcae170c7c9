//! `faultline load`: customers at a rate or in a crowd, what it was like for them, and a verdict.

mod compare;
mod gateway;
mod job;
mod knee;
mod profiles;
pub(super) mod progress;
mod refusal;
mod server;
pub(super) mod show;
mod signal;
mod target;
mod wish;
pub(super) mod work;

use std::path::PathBuf;

use loadtest::{document::Document, report::Verdict as Outcome};

use self::{job::Job, refusal::Refusal};
use crate::{
    Verdict,
    cli::Global,
    term::{self, note},
};

/// What `--help` says.
pub const HELP: &str = "Send customers through the lab's gateway and measure what it was like for them: a table by endpoint, what \
    the shop promises and whether it was kept, what limited the run, and whether the books balance, held to everything that \
    the customers were told. Reports (JSON, HTML with charts, Markdown, JUnit) and the history of every request go to --out.\n\n\
    --users N is the closed model: N users who think, ask, and wait for the answer. --rate N is the open model: N visits \
    begin each second whatever the shop does, and latency counts from the moment at which a request was meant to be sent. \
    Without either, the profile decides. Time is measured to the last byte; warm-up does not count.\n\n\
    Exit code 0 when everything held, 99 when a condition or the books did not, 104 for options or a target that make no \
    sense (nothing was sent), 105 when it was stopped before its end, 2 when there is nothing to judge.";

const EXAMPLES: &str = "\
Examples:
  faultline load                                   every scenario for a few seconds
  faultline load --profile steady                  a thousand users for five minutes
  faultline load --profile stress --rate 100 --duration 1m --repeat 3 --out /tmp/before
  faultline load --find-knee                       the highest rate that keeps the promises
  faultline load compare /tmp/before /tmp/after    what changed, and whether noise explains it
  faultline load gateway                           the gateway beside nginx and Express
  faultline load profiles                          which there are";

const FAILED: u8 = 99;
const BAD_CONFIGURATION: u8 = 104;
const STOPPED: u8 = 105;

/// Options of `load`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    wish: Wish,
}

#[derive(Debug, clap::Subcommand)]
enum Other {
    /// Two reports beside each other: what changed, and whether the noise of repeated runs explains it
    Compare(compare::Args),
    /// The lab's gateway beside nginx and a reference gateway made with Express, in one run
    #[command(long_about = gateway::HELP)]
    Gateway(gateway::Args),
    /// The profiles that there are
    Profiles(profiles::Args),
}

/// What was asked for. Numbers are read by ourselves, so that a wrong one is answered like every other wrong wish.
#[derive(Debug, clap::Args)]
struct Wish {
    /// Who comes and how: one that is shipped, one in loadtest/profiles, or a file [default: smoke]
    #[arg(long, value_name = "NAME|FILE")]
    profile: Option<String>,
    /// The closed model, with so many users
    #[arg(long, value_name = "N")]
    users: Option<String>,
    /// The open model, with so many visits a second; with --find-knee, the highest rate to try
    #[arg(long, value_name = "N")]
    rate: Option<String>,
    /// How long it is measured, as in 90s or 5m; with --find-knee, each rate
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
    /// Run it so many times: median and spread, which comparisons need
    #[arg(long, value_name = "N")]
    repeat: Option<String>,
    /// Decides every choice: with the same number the same customers ask for the same things [default: another each time]
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    /// Search for the highest rate that still keeps the promises [profile: stress]
    #[arg(long)]
    find_knee: bool,
    /// Where reports and history go [default: a new folder in the lab's, under load/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Another shop than this lab's
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Needed with --target: load on what is not yours is an attack
    #[arg(long)]
    i_own_this_target: bool,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the load, or looks at reports.
///
/// # Errors
/// When the shop refuses its customers before the load begins, or a file cannot be written.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let result = match args.other {
        Some(Other::Compare(args)) => return compare::run(&args),
        Some(Other::Profiles(args)) => return profiles::run(global, args),
        Some(Other::Gateway(args)) => gateway::run(global, &args).await,
        None => load(global, &args.wish).await,
    };
    match result {
        Err(error) if error.is::<Refusal>() => {
            term::error(&error);
            Ok(Verdict::Of(BAD_CONFIGURATION))
        }
        result => result,
    }
}

async fn load(global: &Global, wish: &Wish) -> anyhow::Result<Verdict> {
    let job = Job::of(global, wish).await?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let work = async {
        if wish.find_knee {
            knee::run(&job, stopped.clone()).await
        } else {
            work::run(&job, stopped.clone()).await
        }
    };
    let document = tokio::select! {
        document = work => document?,
        () = signal::passed_on(&stop) => unreachable!("it waits for ever"),
    };
    let Some(document) = document else {
        note("Stopped before the load began; nothing was measured.");
        return Ok(Verdict::Of(STOPPED));
    };
    loadtest::render::write(&document, &job.out)?;
    if wish.json {
        term::json(&document)?;
    } else {
        show::document(&document, &job);
    }
    note(format!("reports and history: {}", job.out.display()));
    Ok(exit_code(&document))
}

fn exit_code(document: &Document) -> Verdict {
    let stopped = document.runs.iter().any(|run| run.stopped_early);
    match document.verdict {
        _ if stopped => Verdict::Of(STOPPED),
        Outcome::Passed => Verdict::Yes,
        Outcome::Failed => Verdict::Of(FAILED),
        Outcome::NoData => Verdict::CouldNotLook,
    }
}
