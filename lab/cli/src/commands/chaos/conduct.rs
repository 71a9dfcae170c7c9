//! One experiment in this lab, from the first customer to the verdict.
//!
//! Customers come → the engine runs it: steady state, method, steady state, rollbacks → everything is healed, and looked
//! for → customers leave → breakers, counters, books → what it came to.

mod evidence;
mod names;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use engine::experiment::{Extension, Load};
use engine::guard::Watch;
use engine::machine::Interruption;
use engine::report::Report;
use engine::runner::Told;
use engine::{Experiment, Place, Prepared, Run};
use serde_json::Value;
use tokio::sync::watch;

use self::evidence::{Evidence, Marks};
use super::crowd::{Crowd, SoFar};
use super::experiments::Source;
use super::hands::{Fault, LabHands};
use super::window::{self, Windows};
use super::{arm, shown, stop};
use crate::commands::env;
use crate::{Lab, lab, term};

/// From the last heartbeat to the end of every lease, and for what was killed to be ready again.
const HEALED_WITHIN: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What one run came to.
pub(super) struct Outcome {
    pub(super) report: Report,
    pub(super) journal: Value,
    /// Chaos Toolkit's exit code.
    pub(super) compat_exit_code: u8,
}

/// What is needed for a run.
pub(super) struct Job {
    pub(super) lab: Lab,
    pub(super) source: Source,
    pub(super) seed: Option<u64>,
    /// A folder that is there.
    pub(super) folder: PathBuf,
    pub(super) reading: Reading,
}

/// How the books are read in the end.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// What was held up by a fault has this long to come to rest.
    pub(super) patience: Duration,
    /// Ids that were known to disagree before.
    pub(super) forgiven: HashSet<String>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(60),
            forgiven: HashSet::new(),
        }
    }
}

/// Times and figures of a run.
pub(super) struct Ran {
    pub(super) run: Run,
    pub(super) began: DateTime<Utc>,
    pub(super) ended: DateTime<Utc>,
    pub(super) windows: Windows,
    pub(super) residue: Vec<String>,
    pub(super) history: Option<PathBuf>,
}

/// Makes it.
///
/// # Errors
/// [`engine::Invalid`] when the experiment makes no sense here (nothing was injected); else when the lab cannot be looked at.
pub(super) async fn one(
    job: &Job,
    stopping: watch::Receiver<Option<Interruption>>,
) -> anyhow::Result<Outcome> {
    let experiment = Experiment::parse(&job.source.file, &job.source.text)?;
    names::check(job, &experiment)?;
    let run_id = format!("{}-{}", job.source.name, Utc::now().format("%Y%m%d-%H%M%S"));
    let hands = Arc::new(LabHands::of(Lab::clone(&job.lab), run_id, job.seed)?);
    let place = place(&job.lab)?;
    let prepared = engine::prepare(&job.source.file, experiment, &*hands, &place).await?;
    let prepared = Arc::new(prepared);
    term::note(format!(
        "{}: {}",
        job.source.name, prepared.experiment.title
    ));
    let marks = Marks::now(&job.lab, prepared.experiment.extension.as_ref()).await;
    let mut ran = tokio::select! {
        ran = with_customers(job, prepared.clone(), hands.clone(), stopping) => ran?,
        () = hands.heartbeat() => unreachable!("it never ends"),
    };
    for (what, at) in hands.moments() {
        ran.windows.add(what, at);
    }
    let hits = hands.hits().await?;
    Evidence::of(job, &prepared.experiment, ran, hits, marks).await
}

/// Variables of the lab over those of whoever runs this.
fn place(lab: &Lab) -> anyhow::Result<Place> {
    let mut variables: std::collections::BTreeMap<String, String> = std::env::vars().collect();
    variables.extend(env::variables(lab));
    Ok(Place {
        variables,
        own_program: std::env::current_exe()?,
    })
}

async fn with_customers(
    job: &Job,
    prepared: Arc<Prepared<Fault>>,
    hands: Arc<LabHands>,
    stopping: watch::Receiver<Option<Interruption>>,
) -> anyhow::Result<Ran> {
    let extension = prepared.experiment.extension.clone();
    let load = extension.as_ref().and_then(|one| one.load.as_ref());
    let (so_far, counts) = watch::channel::<SoFar>((Duration::ZERO, 0, 0));
    let (leave, left) = watch::channel(false);
    let crowd = match load {
        Some(load) => {
            term::note(format!("  {} customers a second come.", load.rate));
            Some(Crowd::gather(&job.lab, load, &job.folder, job.seed).await?)
        }
        None => None,
    };
    let windows = Mutex::new(Windows::default());
    let began = Utc::now();
    let coming = async {
        match crowd {
            Some(crowd) => crowd.come(left, &so_far).await.map(Some),
            None => Ok(None),
        }
    };
    let conducting = async {
        let conducted = tokio::select! {
            conducted = conduct(&job.lab, prepared, hands, extension.as_ref(), stopping, counts) => conducted,
            () = window::look_on(&job.lab, &windows) => unreachable!("it never ends"),
        };
        leave.send_replace(true);
        (conducted, Utc::now())
    };
    let (history, ((run, residue), ended)) = tokio::join!(coming, conducting);
    let mut windows = windows
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    windows.close();
    Ok(Ran {
        run,
        began,
        ended,
        windows,
        residue,
        history: history?,
    })
}

/// The run itself, and the healing after it; answers what is left of it then.
async fn conduct(
    lab: &Lab,
    prepared: Arc<Prepared<Fault>>,
    hands: Arc<LabHands>,
    extension: Option<&Extension>,
    stopping: watch::Receiver<Option<Interruption>>,
    counts: watch::Receiver<SoFar>,
) -> (Run, Vec<String>) {
    // A run without customers begins and ends at once.
    let quiet = |seconds: fn(&Load) -> f64| {
        let load = extension.and_then(|one| one.load.as_ref());
        load.map_or(0.0, seconds)
    };
    let (stop, stopped) = watch::channel(None);
    let mut early = stopping.clone();
    tokio::select! {
        () = quietly(quiet(|load| load.before_s)) => {}
        _ = early.wait_for(Option::is_some) => {}
    }
    let running = engine::run(prepared, hands.clone(), stopped, |told| match told {
        Told::Ended(record) => shown::step(record),
        Told::Pause(length) => term::note(format!("    … {} s", length.as_secs_f64())),
    });
    let run = tokio::select! {
        run = running => run,
        () = passed_on(stopping, &stop) => unreachable!("the run ends first"),
        () = guarded(extension, counts, &stop) => unreachable!("the run ends first"),
    };
    let mut residue = hands.heal().await;
    residue.extend(settled(lab).await);
    if run.facts.interruption.is_none() {
        let recovery = extension.and_then(|one| one.customers.recovery_s_max);
        quietly(quiet(|load| load.after_s) + recovery.unwrap_or_default()).await;
    }
    (run, residue)
}

async fn quietly(seconds: f64) {
    tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await;
}

/// Passes the first interruption on. Never returns.
async fn passed_on(
    mut from: watch::Receiver<Option<Interruption>>,
    to: &watch::Sender<Option<Interruption>>,
) {
    if let Ok(why) = from.wait_for(Option::is_some).await {
        to.send_replace(why.clone());
    }
    std::future::pending().await
}

/// Stops the run when the blast is larger than declared. Never returns.
async fn guarded(
    extension: Option<&Extension>,
    mut counts: watch::Receiver<SoFar>,
    stop: &watch::Sender<Option<Interruption>>,
) {
    if let Some(guard) = extension.and_then(|one| one.guard) {
        let mut watch = Watch::new(guard);
        while counts.changed().await.is_ok() {
            let (at, requests, errors) = *counts.borrow_and_update();
            if let Some(why) = watch.seen(at, requests, errors) {
                stop.send_replace(Some(Interruption::Guard(why)));
                break;
            }
        }
    }
    std::future::pending().await
}

/// Waits until no fault is left and every process is ready; answers what is left when patience ends.
async fn settled(lab: &Lab) -> Vec<String> {
    let give_up = Instant::now() + HEALED_WITHIN;
    loop {
        let residue = residue(lab)
            .await
            .unwrap_or_else(|error| vec![format!("{error:#}")]);
        if residue.is_empty() || Instant::now() > give_up {
            return residue;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Everything that is not as it was: faults, processes that are not ready, crash points that are armed.
async fn residue(lab: &Lab) -> anyhow::Result<Vec<String>> {
    let mut residue = stop::left(lab).await?;
    let status = lab::client(&lab.home)?.status().await?;
    let degraded = status
        .processes
        .iter()
        .filter(|one| one.state == supervisor::State::Degraded);
    residue.extend(degraded.map(|one| format!("{} is degraded", one.name)));
    let armed = arm::armed(lab).await;
    residue.extend(
        armed
            .iter()
            .map(|(service, point)| format!("{} would die at {point}", service.name)),
    );
    Ok(residue)
}
