//! Runs a prepared experiment: asks the machine what comes next, does it, tells it what came of it, and writes it down.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::hands::Hands;
use crate::journal::Record;
use crate::machine::{Do, Facts, Interruption, Machine, Outcome, When};
use crate::prepare::{Doing, Prepared, Step};

/// Between two looks at the hypothesis while the method runs.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a run did, and what came of it.
#[derive(Debug)]
pub struct Run {
    /// When it began and ended.
    pub span: (DateTime<Utc>, DateTime<Utc>),
    /// What has come of it.
    pub facts: Facts,
    /// Probes of the hypothesis before the method.
    pub before: Vec<Record>,
    /// Each look while it ran.
    pub during: Vec<Vec<Record>>,
    /// After the method.
    pub after: Vec<Record>,
    /// The method, in the order in which its activities ended.
    pub method: Vec<Record>,
    /// Rollbacks.
    pub rollbacks: Vec<Record>,
}

/// Told to whoever waits.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// An activity has ended.
    Ended(&'a Record),
    /// A pause of so long begins.
    Pause(Duration),
}

/// Runs it. `stop` interrupts it: only rollbacks are run then.
pub async fn run<H: Hands>(
    prepared: Arc<Prepared<H::Fault>>,
    hands: Arc<H>,
    stop: watch::Receiver<Option<Interruption>>,
    told: impl Fn(Told<'_>),
) -> Run {
    let began = Utc::now();
    let mut runner = Runner {
        machine: Machine::new(prepared.shape()),
        prepared,
        hands,
        stop,
        begun: JoinSet::new(),
        looks: Arc::default(),
        watching: JoinSet::new(),
        run: Run {
            span: (began, began),
            facts: Facts::default(),
            before: Vec::new(),
            during: Vec::new(),
            after: Vec::new(),
            method: Vec::new(),
            rollbacks: Vec::new(),
        },
    };
    loop {
        let next = runner.machine.step();
        if next == Do::Done {
            break;
        }
        runner.step(next, &told).await;
    }
    runner.run.facts = runner.machine.facts().clone();
    runner.run.span.1 = Utc::now();
    runner.run
}

struct Runner<H: Hands> {
    prepared: Arc<Prepared<H::Fault>>,
    hands: Arc<H>,
    machine: Machine,
    stop: watch::Receiver<Option<Interruption>>,
    begun: JoinSet<(usize, Record)>,
    looks: Arc<Mutex<Vec<Vec<Record>>>>,
    watching: JoinSet<()>,
    run: Run,
}

impl<H: Hands> Runner<H> {
    async fn step(&mut self, next: Do, told: &impl Fn(Told<'_>)) {
        if let Do::Pause(length) = next {
            told(Told::Pause(length));
        }
        let stop = self.stop.clone();
        let interruptible = self.machine.is_interruptible();
        let done = tokio::select! {
            biased;
            why = interrupted(stop), if interruptible => Err(why),
            done = self.perform(next) => Ok(done),
        };
        match done {
            Err(why) => {
                // What was begun is dropped: its processes are killed, its faults are healed afterwards.
                self.begun.abort_all();
                self.watching.abort_all();
                self.machine.interrupt(why);
            }
            Ok(Some(record)) => {
                told(Told::Ended(&record));
                self.machine.told(record.outcome());
                self.keep(next, record);
            }
            Ok(None) => {}
        }
    }

    async fn perform(&mut self, next: Do) -> Option<Record> {
        let prepared = self.prepared.clone();
        match next {
            Do::Look(_, index) => Some(perform(&prepared.probes[index], &*self.hands).await),
            Do::Act(index) => Some(perform(&prepared.method[index], &*self.hands).await),
            Do::Undo(index) => Some(perform(&prepared.rollbacks[index], &*self.hands).await),
            Do::Pause(length) => {
                tokio::time::sleep(length).await;
                None
            }
            Do::Begin(index) => {
                let hands = self.hands.clone();
                self.begun
                    .spawn(async move { (index, perform(&prepared.method[index], &*hands).await) });
                None
            }
            Do::Watch => {
                let (hands, looks) = (self.hands.clone(), self.looks.clone());
                self.watching.spawn(look_on(prepared, hands, looks));
                None
            }
            Do::Gather => {
                self.gather().await;
                None
            }
            Do::Done => None,
        }
    }

    async fn gather(&mut self) {
        while let Some(ended) = self.begun.join_next().await {
            if let Ok((index, record)) = ended {
                self.machine.acted(index, record.outcome());
                self.run.method.push(record);
            }
        }
        self.watching.shutdown().await;
        let looks = std::mem::take(&mut *self.looks.lock().unwrap_or_else(PoisonError::into_inner));
        for look in &looks {
            let met = look
                .iter()
                .all(|one| one.outcome() == Outcome::Done(Some(true)));
            self.machine.watched(met);
        }
        self.run.during = looks;
    }

    fn keep(&mut self, next: Do, record: Record) {
        let list = match next {
            Do::Look(When::Before, _) => &mut self.run.before,
            Do::Look(When::After, _) => &mut self.run.after,
            Do::Undo(_) => &mut self.run.rollbacks,
            _ => &mut self.run.method,
        };
        list.push(record);
    }
}

async fn interrupted(mut stop: watch::Receiver<Option<Interruption>>) -> Interruption {
    let why = stop.wait_for(Option::is_some).await;
    let why = why.ok().and_then(|why| why.clone());
    match why {
        Some(why) => why,
        // Nobody is left who could stop it.
        None => std::future::pending().await,
    }
}

/// Looks at the hypothesis until it is ended from outside.
async fn look_on<H: Hands>(
    prepared: Arc<Prepared<H::Fault>>,
    hands: Arc<H>,
    looks: Arc<Mutex<Vec<Vec<Record>>>>,
) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut look = Vec::new();
        for probe in &prepared.probes {
            look.push(perform(probe, &*hands).await);
        }
        looks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(look);
    }
}

async fn perform<H: Hands>(step: &Step<H::Fault>, hands: &H) -> Record {
    let began = Utc::now();
    let found = match &step.doing {
        Doing::Request(request) => request.send().await,
        Doing::Command(command) => command.run().await.and_then(|found| {
            // A process that was to do something and says that it did not.
            if step.is_action && found["status"] != json!(0) {
                return Err(complaint(&found));
            }
            Ok(found)
        }),
        Doing::Fault(fault) => hands.inject(fault).await,
    };
    let found = found.and_then(|found| {
        let met = step.tolerance.as_ref().map(|one| one.holds(&found));
        Ok((met.transpose()?, found))
    });
    Record {
        activity: step.document.clone(),
        span: (began, Utc::now()),
        found,
    }
}

fn complaint(found: &Value) -> String {
    let text = |name: &str| found[name].as_str().unwrap_or_default().trim().to_owned();
    let said = [text("stderr"), text("stdout")];
    let said = said.iter().find(|text| !text.is_empty());
    format!(
        "status {}: {}",
        found["status"],
        said.map_or("", String::as_str)
    )
}
