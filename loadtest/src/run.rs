//! One run: customers register, the load warms up, is measured, and ends. What came of it is [`Finished`]; what it
//! means is [`crate::report`]'s business.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::{
    closed,
    dice::Seed,
    door::Door,
    gauge::{Sample, Usage},
    ground::{Ground, Shelves},
    history::History,
    open,
    profile::{Model, Profile},
    recorder::{Notes, Recorder, SoFar},
    scenario::Stage,
};

/// How often somebody who waits is told.
const TELL: Duration = Duration::from_millis(250);

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// So many customers have registered and logged in.
    Registered(usize),
    /// Users come in, caches fill; nothing counts yet.
    WarmingUp,
    /// The measured part, since its beginning.
    Running(Duration, SoFar),
    /// Nobody comes any more; the last ones leave.
    Ending,
}

/// A shop with customers who have an account, on which profiles are run one after the other.
pub struct Ready {
    gateway: String,
    door: Door,
    ground: Arc<Ground>,
    history: Option<Arc<History>>,
    set_up: Arc<Recorder>,
}

/// What a run came to.
pub struct Finished {
    /// When the measured part began and ended.
    pub window: (DateTime<Utc>, DateTime<Utc>),
    /// Whether it was stopped before its time.
    pub stopped_early: bool,
    /// What decided its choices.
    pub seed: Seed,
    pub(crate) notes: Notes,
    pub(crate) usage: Usage,
}

impl Ready {
    /// Lets as many customers register as the profile needs.
    ///
    /// # Errors
    /// The shop refuses, or does not answer.
    pub async fn prepare(
        gateway: &str,
        shelves: Shelves,
        profile: &Profile,
        history: Option<Arc<History>>,
        progress: impl Fn(Progress),
    ) -> anyhow::Result<Self> {
        let set_up = Arc::new(match &history {
            Some(history) => Recorder::with_history(history.clone()),
            None => Recorder::default(),
        });
        let door = Door::new(gateway, set_up.clone())?;
        let told = |count| progress(Progress::Registered(count));
        let ground = Ground::prepare(&door, shelves, profile.accounts(), told).await?;
        Ok(Self {
            gateway: gateway.to_owned(),
            door,
            ground: Arc::new(ground.with_hot_products(profile.hot_products)),
            history,
            set_up,
        })
    }

    /// Runs a profile once, until its end or until `stop` becomes true.
    ///
    /// # Errors
    /// The driver cannot begin.
    pub async fn run(
        &self,
        profile: &Profile,
        stop: watch::Receiver<bool>,
        progress: impl Fn(Progress),
    ) -> anyhow::Result<Finished> {
        let recorder = Arc::new(match &self.history {
            Some(history) => Recorder::with_history(history.clone()),
            None => Recorder::default(),
        });
        let (over, ended) = watch::channel(false);
        let seed = profile.seed.unwrap_or_else(Seed::any);
        let stage = Stage {
            door: self.door.noted_by(recorder.clone()),
            ground: self.ground.clone(),
            over: ended,
            seed,
        };
        let driving = self.drive(profile, stage, &recorder, &over, stop);
        let (stopped_early, usage) = watched(driving, &recorder, progress).await?;
        if stopped_early {
            recorder.close_early();
        }
        let mut notes = recorder.take();
        // Those who registered did it before the first run, and are told of once.
        notes.set_up = self.set_up.take().set_up;
        Ok(Finished {
            window: (at(notes.window.from), at(notes.window.until)),
            stopped_early,
            seed,
            notes,
            usage,
        })
    }

    async fn drive(
        &self,
        profile: &Profile,
        stage: Stage,
        recorder: &Recorder,
        over: &watch::Sender<bool>,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<bool> {
        match &profile.model {
            Model::Closed { users, ramp_up } => {
                let drive = closed::Drive {
                    profile,
                    gateway: &self.gateway,
                    users: *users,
                    ramp_up: *ramp_up,
                    stage,
                    recorder,
                };
                drive.run(over, &stop).await
            }
            Model::Open {
                schedule,
                in_flight_max,
                ..
            } => {
                let drive = open::Drive {
                    profile,
                    schedule,
                    in_flight_max: *in_flight_max,
                    stage,
                    recorder,
                };
                drive.run(stop.clone()).await;
                Ok(*stop.borrow())
            }
        }
    }
}

/// Looks at the clocks when the measured part begins and ends, and tells who waits.
async fn watched(
    driving: impl Future<Output = anyhow::Result<bool>>,
    recorder: &Recorder,
    progress: impl Fn(Progress),
) -> anyhow::Result<(bool, Usage)> {
    let mut driving = std::pin::pin!(driving);
    let mut telling = tokio::time::interval(TELL);
    let (mut first, mut last) = (None, None);
    loop {
        let ended = tokio::select! {
            result = &mut driving => Some(result?),
            _ = telling.tick() => None,
        };
        let now = Instant::now();
        let window = recorder.window().filter(|window| now >= window.from);
        match window {
            Some(window) if now < window.until && ended.is_none() => {
                first.get_or_insert_with(Sample::now);
                progress(Progress::Running(now - window.from, recorder.so_far()));
            }
            Some(_) => {
                last.get_or_insert_with(Sample::now);
                progress(Progress::Ending);
            }
            None => progress(Progress::WarmingUp),
        }
        if let Some(early) = ended {
            let usage = first.map(|first: Sample| first.until(last.unwrap_or_else(Sample::now)));
            return Ok((early, usage.unwrap_or_default()));
        }
    }
}

/// A moment of this process as a time of day.
fn at(moment: Instant) -> DateTime<Utc> {
    let now = (Instant::now(), Utc::now());
    let before = chrono::Duration::from_std(now.0.saturating_duration_since(moment));
    now.1 - before.unwrap_or_default()
}
