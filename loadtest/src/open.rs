//! The open model: visits begin when the schedule says, whatever the shop does, and their latency counts from then.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{
    Rng as _,
    distr::{Distribution as _, weighted::WeightedIndex},
    rngs::SmallRng,
};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{
    profile::{Profile, Share},
    recorder::Recorder,
    scenario::{Kind, Stage},
    schedule::{self, Schedule},
};

/// Visits belong to nobody: whoever comes is drawn.
const ANYBODY: u64 = 0;

/// What the driver needs to know.
pub(crate) struct Drive<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) schedule: &'a Schedule,
    pub(crate) in_flight_max: usize,
    pub(crate) stage: Stage,
    pub(crate) recorder: &'a Recorder,
}

impl Drive<'_> {
    /// Warms up, then lets everybody in who is due, and waits for the last one to leave. Returns early when stopped.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let origin = Instant::now();
        let from = origin + self.profile.warm_up;
        self.recorder.open(from, self.schedule.length());
        let in_flight = Arc::new(Semaphore::new(self.in_flight_max));
        let mix = Mix::of(self.profile);
        let mut visits = JoinSet::new();
        for (number, offset) in (0..).zip(self.arrivals()) {
            let intended = origin + offset;
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep_until(intended.into()) => {}
            }
            let permit = in_flight.clone().try_acquire_owned();
            self.recorder.arrival(intended, permit.is_ok());
            let Ok(permit) = permit else { continue };
            let stage = self.stage.clone();
            let mut dice = stage.seed.dice(ANYBODY, number);
            let (kind, think) = mix.draw(&mut dice);
            let customer = dice.random_range(0..stage.ground.customers());
            visits.spawn(async move {
                // What went wrong has been noted.
                let _ = stage.visit(kind, customer, think, intended, dice).await;
                drop(permit);
            });
            while visits.try_join_next().is_some() {}
        }
        while visits.join_next().await.is_some() {}
    }

    /// When visits are due since the beginning: at the schedule's first rate while it warms up, then by the schedule.
    fn arrivals(&self) -> impl Iterator<Item = Duration> {
        let warm_up = self.profile.warm_up;
        let first = schedule::Stage::constant(self.schedule.first(), warm_up);
        let warming = Schedule::new(vec![first]);
        let warming = (0..).map_while(move |number| warming.arrival(number));
        let schedule = self.schedule.clone();
        let measured = (0..).map_while(move |number| schedule.arrival(number));
        warming.chain(measured.map(move |offset| warm_up + offset))
    }
}

/// Scenarios by weight.
pub(crate) struct Mix {
    kinds: Vec<(Kind, (Duration, Duration))>,
    weights: WeightedIndex<u32>,
}

impl Mix {
    fn of(profile: &Profile) -> Self {
        let think = |(kind, share): (&Kind, &Share)| (*kind, think_time(profile, *kind, *share));
        let weights = profile.scenarios.values().map(|share| share.weight);
        Self {
            kinds: profile.scenarios.iter().map(think).collect(),
            weights: WeightedIndex::new(weights).expect("a valid profile has a weight above 0"),
        }
    }

    fn draw(&self, dice: &mut SmallRng) -> (Kind, (Duration, Duration)) {
        self.kinds[self.weights.sample(dice)]
    }
}

/// How long people think in this profile.
pub(crate) fn think_time(profile: &Profile, kind: Kind, share: Share) -> (Duration, Duration) {
    let (from, to) = share.think.unwrap_or_else(|| kind.think());
    (
        from.mul_f64(profile.think_time),
        to.mul_f64(profile.think_time),
    )
}
