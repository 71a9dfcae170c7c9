//! The closed model: so many users, each of whom waits for an answer and thinks before asking again. Goose plays the
//! users; requests, times and checks are those of our own scenarios, because Goose stops its clock at the headers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use goose::{
    GooseAttack,
    client::GooseClientBuilder,
    config::GooseConfiguration,
    goose::{GooseUser, Scenario, Transaction, TransactionFunction},
};
use rand::Rng as _;
use tokio::sync::watch;

use crate::{
    fault::Ended,
    open::think_time,
    profile::{Profile, Share},
    recorder::Recorder,
    scenario::{Kind, Stage},
};

/// How often it looks whether somebody wants it to stop.
const LOOK: Duration = Duration::from_millis(100);
/// Whose visit went wrong comes back after this, however little they think.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What the driver needs to know.
pub(crate) struct Drive<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) gateway: &'a str,
    pub(crate) users: usize,
    pub(crate) ramp_up: Duration,
    pub(crate) stage: Stage,
    pub(crate) recorder: &'a Recorder,
}

/// How often each user has come.
#[derive(Clone, Default)]
struct Visits(Arc<Mutex<HashMap<usize, u64>>>);

impl Visits {
    /// The number of this user's next visit.
    fn next(&self, user: usize) -> u64 {
        let mut counts = self.0.lock().expect("no panic while held");
        let count = counts.entry(user).or_default();
        *count += 1;
        *count
    }
}

impl Drive<'_> {
    /// Lets users come, warms up, measures, and sends everybody home. Returns whether it was stopped before its time.
    ///
    /// # Errors
    /// Goose cannot begin.
    pub(crate) async fn run(
        self,
        over: &watch::Sender<bool>,
        stop: &watch::Receiver<bool>,
    ) -> anyhow::Result<bool> {
        let attack = self.attack().context("prepare Goose")?;
        let from = Instant::now() + self.ramp_up + self.profile.warm_up;
        self.recorder.open(from, self.profile.duration);
        let until = from + self.profile.duration;
        let clock = async {
            // Goose has just begun, and with it its log on stdout, where our reports go. Its errors are returned.
            log::set_max_level(log::LevelFilter::Off);
            let early = loop {
                if Instant::now() >= until {
                    break false;
                }
                // Goose takes Ctrl-C for itself, and says so in this way.
                if *stop.borrow() || goose::is_killswitch_triggered() {
                    break true;
                }
                tokio::time::sleep(LOOK).await;
            };
            // Thoughts end first, so that no user holds the end up.
            over.send_replace(true);
            goose::trigger_killswitch("the measured time is over");
            early
        };
        let (attacked, early) = tokio::join!(attack.execute(), clock);
        attacked.context("Goose")?;
        Ok(early)
    }

    fn attack(&self) -> Result<GooseAttack, goose::GooseError> {
        let ramp_up = self.ramp_up.as_secs();
        // All at once, where there is no time to come in.
        let at_once = ramp_up == 0 || self.users == 1;
        let mut configuration = GooseConfiguration::default();
        configuration.host = Some(self.gateway.to_owned());
        configuration.users = Some(self.users);
        configuration.increase_time = (!at_once).then(|| format!("{ramp_up}s"));
        configuration.increase_rate = at_once.then(|| self.users.to_string());
        configuration.quiet = 1;
        configuration.no_metrics = true;
        configuration.no_print_metrics = true;
        configuration.no_telnet = true;
        // Users send through our own door; the client that Goose gives each of them is one for all and stays idle.
        let client = GooseClientBuilder::new().without_cookies();
        let mut attack = GooseAttack::initialize_with_config(configuration)?
            .set_client_builder_without_cookies(client)?;
        for (kind, share) in &self.profile.scenarios {
            if share.weight > 0 {
                attack = attack.register_scenario(self.scenario(*kind, *share)?);
            }
        }
        Ok(attack)
    }

    fn scenario(&self, kind: Kind, share: Share) -> Result<Scenario, goose::GooseError> {
        let think = think_time(self.profile, kind, share);
        let (stage, visits) = (self.stage.clone(), Visits::default());
        let function: TransactionFunction = Arc::new(move |user: &mut GooseUser| {
            let (stage, customer) = (stage.clone(), user.weighted_users_index);
            let number = visits.next(customer);
            Box::pin(async move {
                visit(stage, kind, (customer, number), think).await;
                Ok(())
            })
        });
        let transaction = Transaction::new(function).set_name(kind.as_str());
        Scenario::new(kind.as_str())
            .register_transaction(transaction)
            .set_weight(share.weight as usize)
    }
}

/// Thinks, then visits; the first request is meant for the end of the thought.
async fn visit(
    mut stage: Stage,
    kind: Kind,
    (customer, number): (usize, u64),
    think: (Duration, Duration),
) {
    let mut dice = stage.seed.dice(customer as u64, number);
    let pause = dice.random_range(think.0..=think.1);
    let intended = Instant::now() + pause;
    tokio::select! {
        biased;
        _ = stage.over.wait_for(|over| *over) => return,
        () = tokio::time::sleep_until(intended.into()) => {}
    }
    let visited = stage.visit(kind, customer, think, intended, dice).await;
    if let Err(Ended::Failed(_)) = visited {
        tokio::time::sleep(AFTER_FAILURE).await;
    }
}
