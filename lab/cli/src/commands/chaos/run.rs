//! `faultline chaos run`: one experiment, a verdict, an exit code.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::Utc;
use engine::Invalid;
use engine::machine::Interruption;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::conduct::{self, Job, Reading};
use super::{experiments, shown};
use crate::term::{self, Paint, note};
use crate::{Lab, Verdict};

/// What `--help` says.
pub(super) const HELP: &str = "Make an experiment: one that is shipped, one in chaos/experiments, or any file in Chaos Toolkit's format \
    (JSON or YAML). Customers come meanwhile if it says so; every fault is leased, so the lab heals within seconds even when this \
    command is killed. Reports (journal.json, report.html, report.md) and the customers' history go to --report.\n\n\
    Exit code 0 held, 1 deviated, 2 invalid (nothing was injected), 3 inconclusive (not steady to begin with, or a fault hit nothing), \
    4 a fault was not injected, 5 not healed, 6 stopped by a guard, 130 and 143 interrupted (and healed). \
    With --compat-exit 0 or 1 as Chaos Toolkit would have it.";

/// Options of `chaos run`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// A name that `chaos list` shows, or a file
    experiment: String,
    /// Chooses whom faults hit that hit only some; the same one chooses the same
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where reports go [default: a new folder in the lab's, under chaos/]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// The journal as JSON
    #[arg(long)]
    json: bool,
    /// The exit code that Chaos Toolkit would give
    #[arg(long)]
    compat_exit: bool,
}

pub(super) async fn run(lab: Lab, args: Args) -> anyhow::Result<Verdict> {
    let source = experiments::find(&args.experiment, lab.home.repo.as_deref())?;
    let folder = folder(&lab, &source.name, args.report.as_deref())?;
    let job = Job {
        lab,
        source,
        seed: args.seed,
        folder,
        reading: Reading::default(),
    };
    let made = interruptible(async |stop| conduct::one(&job, stop).await).await;
    let outcome = match made {
        Err(error) if error.is::<Invalid>() => {
            term::error(&error);
            return Ok(Verdict::CouldNotLook);
        }
        outcome => outcome?,
    };
    engine::report::write(&outcome.report, &outcome.journal, &job.folder)?;
    if args.json {
        term::json(&outcome.journal)?;
    } else {
        shown::report(&outcome.report, Paint::stdout());
    }
    note(format!("reports: {}", job.folder.display()));
    Ok(Verdict::Of(if args.compat_exit {
        outcome.compat_exit_code
    } else {
        outcome.report.exit_code
    }))
}

/// Does some work; Ctrl-C and SIGTERM are passed on to it, and it ends by itself.
pub(super) async fn interruptible<T>(
    work: impl AsyncFnOnce(watch::Receiver<Option<Interruption>>) -> T,
) -> T {
    let (stop, stopped) = watch::channel(None);
    tokio::select! {
        done = work(stopped) => done,
        () = signals(&stop) => unreachable!("it waits for ever"),
    }
}

/// A folder for the reports of a run.
pub(super) fn folder(lab: &Lab, name: &str, wish: Option<&Path>) -> anyhow::Result<PathBuf> {
    let stamp = Utc::now().format("%Y%m%d-%H%M%S");
    let default = || lab.home.state.join("chaos").join(format!("{name}-{stamp}"));
    let folder = wish.map_or_else(default, Path::to_owned);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

async fn signals(stop: &watch::Sender<Option<Interruption>>) {
    let wait = async |kind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without signals there is nobody to listen to.
        Err(_) => std::future::pending().await,
    };
    let why = tokio::select! {
        () = wait(SignalKind::interrupt()) => Interruption::Interrupt,
        () = wait(SignalKind::terminate()) => Interruption::Terminate,
    };
    note("Stopping: what was broken is mended first.");
    stop.send_replace(Some(why));
    std::future::pending().await
}
