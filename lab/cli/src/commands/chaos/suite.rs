//! `faultline chaos suite`: all experiments, one after the other.

use std::path::{Path, PathBuf};

use engine::machine::Interruption;
use engine::report::Report;
use serde_json::json;
use tokio::sync::watch;

use super::conduct::{self, Job, Reading};
use super::experiments::{self, Source};
use super::run::{folder, interruptible};
use crate::term::{self, Column, note, table};
use crate::{Lab, Verdict};

/// What `--help` says.
pub(super) const HELP: &str = "Make all experiments that `chaos list` shows, or those that are named, one after the other, and say what each came \
    to. An experiment that leaves something broken ends the suite: what came after it would prove nothing.\n\n\
    Exit code 0 when every one held, 1 when not, 2 when one could not be made.";

/// Options of `chaos suite`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only these
    experiments: Vec<String>,
    /// Chooses whom faults hit that hit only some
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where reports go, a folder for each [default: a new folder in the lab's, under chaos/]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// As JSON: [{"name", "title", "verdict", "reasons", …}]
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(lab: Lab, args: Args) -> anyhow::Result<Verdict> {
    let names = if args.experiments.is_empty() {
        experiments::names(lab.home.repo.as_deref())
    } else {
        args.experiments
    };
    let sources = names
        .iter()
        .map(|name| experiments::find(name, lab.home.repo.as_deref()));
    let sources: Vec<_> = sources.collect::<anyhow::Result<_>>()?;
    let all = folder(&lab, "suite", args.report.as_deref())?;
    let reports =
        interruptible(async |stop| one_by_one(&lab, sources, args.seed, &all, stop).await);
    let reports = reports.await?;
    if args.json {
        term::json(&json!(reports))?;
    } else {
        summary(&reports);
    }
    note(format!("reports: {}", all.display()));
    let complete = reports.len() == names.len();
    let held = reports
        .iter()
        .all(|one| one.verdict == engine::Verdict::Held);
    Ok(Verdict::from_bool(complete && held))
}

/// Until one leaves something broken, or somebody wants it to end.
async fn one_by_one(
    lab: &Lab,
    sources: Vec<Source>,
    seed: Option<u64>,
    reports_in: &Path,
    stop: watch::Receiver<Option<Interruption>>,
) -> anyhow::Result<Vec<Report>> {
    let mut reports = Vec::new();
    for source in sources {
        let own = reports_in.join(&source.name);
        let job = Job {
            folder: folder(lab, &source.name, Some(&own))?,
            lab: lab.clone(),
            source,
            seed,
            reading: Reading::default(),
        };
        let outcome = conduct::one(&job, stop.clone()).await?;
        engine::report::write(&outcome.report, &outcome.journal, &job.folder)?;
        let left_broken = outcome.report.verdict == engine::Verdict::NotHealed;
        reports.push(outcome.report);
        if left_broken || stop.borrow().is_some() {
            break;
        }
    }
    Ok(reports)
}

fn summary(reports: &[Report]) {
    let heading = [
        ("EXPERIMENT", Column::Left),
        ("VERDICT", Column::Left),
        ("SECONDS", Column::Right),
        ("WHY", Column::Left),
    ];
    let row = |one: &Report| {
        let why = one.reasons.first().cloned().unwrap_or_default();
        vec![
            one.name.clone(),
            one.verdict.word().to_owned(),
            format!("{:.0}", one.seconds),
            why,
        ]
    };
    let rows: Vec<Vec<String>> = reports.iter().map(row).collect();
    table(&heading, &rows, |_, _, text| text)
        .into_iter()
        .for_each(term::out);
}
