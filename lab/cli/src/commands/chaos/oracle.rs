//! `faultline chaos oracle`: would we see it? With all protections on, experiments hold; with the one off that an experiment
//! stands for, it turns red, and through the check that is meant to notice.
//!
//! It happens in a lab of its own, because money that was taken twice stays in the books.

mod table;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use engine::Experiment;
use engine::experiment::Without;
use engine::machine::Interruption;
use engine::report::Report;
use serde_json::json;
use tokio::sync::watch;

use self::table::Case;
use super::conduct::{self, Job, Reading};
use super::experiments::{self, Source};
use super::protection::Switch;
use super::run::{folder, interruptible};
use crate::cli::Global;
use crate::commands::{down, up};
use crate::home::Home;
use crate::ports::BaseWish;
use crate::term::{self, Paint, note};
use crate::{Lab, Verdict, books};

/// The lab's folder, within that of the lab beside which it runs.
const HOME: &str = "oracle";
/// What is wrong without a protection never comes to rest; this long is enough to tell it from what is under way.
const RED_PATIENCE: Duration = Duration::from_secs(20);

/// What `--help` says.
pub(super) const HELP: &str = "Test the experiments themselves, in a lab of its own. Each experiment that says under `without` what it \
    stands for is made twice: with every protection on it must hold, and with that protection switched off it must turn red, through the \
    check that it names. Prints the kill table: protection, experiment, what was expected, what turned red.\n\n\
    Exit code 0 when the table is complete, 1 when a clean run was red or a protection's absence went unnoticed.";

/// Options of `chaos oracle`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only rows of this experiment or protection; may be given more than once
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// As JSON: {"complete", "cases": [{"experiment", "protection", "expected", "verdict", "turned_red", "left_out", "as_expected"}]}
    #[arg(long)]
    json: bool,
    /// Where reports go, a folder for each run [default: a new folder in the lab's, under chaos/]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

/// A run that is to be made.
struct Wish {
    source: Source,
    /// None: everything is on.
    without: Option<Without>,
}

pub(super) async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let outer = Lab::of(global)?;
    let wishes = wishes(outer.home.repo.as_deref(), &args.only)?;
    let reports = folder(&outer, "oracle", args.report.as_deref())?;
    let own = own_lab(global)?;
    let made = interruptible(async |stop| in_own_lab(&own, &wishes, &reports, stop).await).await;
    down::run(&own, down::Args { wipe: true }).await?;
    let cases = made?;
    let complete = cases.len() == wishes.len() && cases.iter().all(|case| case.as_expected);
    if args.json {
        term::json(&json!({ "complete": complete, "cases": cases }))?;
    } else {
        table::show(&cases, Paint::stdout());
    }
    note(format!("reports: {}", reports.display()));
    Ok(Verdict::from_bool(complete))
}

/// All clean runs, then those without something.
fn wishes(repo: Option<&Path>, only: &[String]) -> anyhow::Result<Vec<Wish>> {
    let (mut clean, mut red) = (Vec::new(), Vec::new());
    for name in experiments::names(repo) {
        let source = experiments::find(&name, repo)?;
        let experiment = Experiment::parse(&source.file, &source.text)?;
        let without = experiment.extension.map(|one| one.without);
        let wanted = |one: &Without| {
            only.is_empty()
                || only
                    .iter()
                    .any(|only| *only == name || *only == one.protection)
        };
        let rows: Vec<Without> = without.into_iter().flatten().filter(wanted).collect();
        if rows.is_empty() {
            continue;
        }
        red.extend(rows.into_iter().map(|row| Wish {
            source: source.clone(),
            without: Some(row),
        }));
        clean.push(Wish {
            source,
            without: None,
        });
    }
    if clean.is_empty() {
        bail!(
            "no experiment stands for {}; those that stand for a protection say so under `without`",
            only.join(", ")
        );
    }
    clean.extend(red);
    Ok(clean)
}

/// Beside the lab that the options speak of, on ports that are free.
fn own_lab(global: &Global) -> anyhow::Result<Global> {
    let home = Home::find(global)?;
    Ok(Global {
        home: Some(home.state.join(HOME)),
        base_port: Some(BaseWish::Auto),
        bin_dir: Some(home.bin_dir(global)?),
        ..global.clone()
    })
}

async fn in_own_lab(
    own: &Global,
    wishes: &[Wish],
    reports: &Path,
    stop: watch::Receiver<Option<Interruption>>,
) -> anyhow::Result<Vec<Case>> {
    // One that was left behind by an oracle that was killed has its books full.
    down::run(own, down::Args { wipe: true }).await?;
    if up::run(own, up::Args::detached()).await? != Verdict::Yes {
        bail!("the oracle's own lab does not start");
    }
    let lab = Lab::of(own)?;
    let (mut cases, mut forgiven) = (Vec::new(), HashSet::new());
    for wish in wishes {
        let case = one(&lab, wish, reports, &forgiven, stop.clone()).await?;
        let left_broken = case.verdict == engine::Verdict::NotHealed;
        cases.push(case);
        if left_broken || stop.borrow().is_some() {
            break;
        }
        if wish.without.is_some() {
            // Whatever it has spoilt is not held against the next one.
            let audited = books::audit(&lab, Duration::ZERO, None).await?;
            forgiven.extend(audited.disagreeing);
        }
    }
    Ok(cases)
}

async fn one(
    lab: &Lab,
    wish: &Wish,
    reports: &Path,
    forgiven: &HashSet<String>,
    stop: watch::Receiver<Option<Interruption>>,
) -> anyhow::Result<Case> {
    let name = match &wish.without {
        Some(without) => format!("{}-without-{}", wish.source.name, without.protection),
        None => wish.source.name.clone(),
    };
    // Edges have arrows in their names.
    let name = name.replace("->", "-");
    let mut reading = Reading {
        forgiven: forgiven.clone(),
        ..Reading::default()
    };
    if wish.without.is_some() {
        reading.patience = RED_PATIENCE;
    }
    let job = Job {
        lab: lab.clone(),
        folder: folder(lab, &name, Some(&reports.join(&name)))?,
        source: wish.source.clone(),
        seed: None,
        reading,
    };
    let Some(without) = &wish.without else {
        let report = made(&job, stop).await?;
        return Ok(Case::clean(&report));
    };
    let switch = Switch::of(lab, &without.service, &without.protection).await?;
    note(format!(
        "without {} of {}",
        without.protection, without.service
    ));
    let before = switch.left_out().await?;
    switch.turn(false).await?;
    let report = tokio::select! {
        report = made(&job, stop) => report,
        () = switch.keep_off() => unreachable!("it never ends"),
    };
    switch.turn(true).await?;
    let left_out = switch.left_out().await?.saturating_sub(before);
    Ok(Case::without(without, &report?, left_out))
}

async fn made(job: &Job, stop: watch::Receiver<Option<Interruption>>) -> anyhow::Result<Report> {
    let outcome = conduct::one(job, stop).await?;
    engine::report::write(&outcome.report, &outcome.journal, &job.folder)?;
    Ok(outcome.report)
}
