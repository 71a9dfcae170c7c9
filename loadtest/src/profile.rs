//! Profiles: who comes, how many, for how long, and what is asked of the shop. Each is a file; those in
//! `loadtest/profiles/` are compiled in, and anybody's own are read from disk.

mod file;
mod shipped;

use std::{collections::BTreeMap, time::Duration};

pub use self::{file::Invalid, shipped::SHIPPED};
use crate::{
    dice::Seed,
    scenario::Kind,
    schedule::{Schedule, Stage},
    threshold::Threshold,
};

/// The gateway lets a user send this many requests a second for long (600 a minute)…
const REQUESTS_A_CUSTOMER: f64 = 10.0;
/// …of which we plan for four fifths, because arrivals are drawn and not dealt.
const OF_WHICH_USED: f64 = 0.8;
/// And an address may register and log in this often a second (1200 a minute).
const CREDENTIALS_A_SECOND: f64 = 20.0;
/// Fewer customers than this are no crowd.
const CUSTOMERS_MIN: usize = 20;
/// Registering more takes minutes of the shop's processor.
const CUSTOMERS_MAX: usize = 5_000;
/// Highest rate of arrivals that one generator is asked for.
const RATE_MAX: f64 = 10_000.0;
/// Longest run.
const LENGTH_MAX: Duration = Duration::from_secs(24 * 3600);
/// Visits under way at once, unless the profile says otherwise.
const IN_FLIGHT_MAX: usize = 1_000;

/// A profile that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who decides when the next request comes.
    pub model: Model,
    /// Runs before the measurement begins, at the load with which it begins.
    pub warm_up: Duration,
    /// Measured.
    pub duration: Duration,
    /// Customers think so many times as long as people do.
    pub think_time: f64,
    /// Everybody wants these few products; none: the whole catalogue.
    pub hot_products: Option<usize>,
    /// What customers do, by weight.
    pub scenarios: BTreeMap<Kind, Share>,
    /// What has to be reached; none: what the objectives promise.
    pub thresholds: Option<Vec<Threshold>>,
    /// What decides every choice; none: another one each time. No file says it, because it belongs to a run.
    pub seed: Option<Seed>,
}

/// Who decides when the next request comes.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// So many users, each of whom waits for the answer before asking again: a slow shop is asked less.
    Closed {
        /// Users.
        users: usize,
        /// They come evenly over this time.
        ramp_up: Duration,
    },
    /// Visits begin when the schedule says, whatever the shop does.
    Open {
        /// Arrivals.
        schedule: Schedule,
        /// Accounts that the visitors share.
        customers: usize,
        /// Visits under way at once; arrivals beyond it are dropped and counted.
        in_flight_max: usize,
    },
}

/// How often a scenario is played, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Relative to the others.
    pub weight: u32,
    /// Instead of the scenario's own think time.
    pub think: Option<(Duration, Duration)>,
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// With line and mend, when it is no profile or makes no sense.
    pub fn parse(name: &str, text: &str) -> Result<Self, Invalid> {
        file::parse(name, text)
    }

    /// The shipped profile with this name.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        Some(Self::parse(name, text).expect("a test reads every shipped profile"))
    }

    /// `closed` or `open`.
    #[must_use]
    pub fn model_name(&self) -> &'static str {
        match self.model {
            Model::Closed { .. } => "closed",
            Model::Open { .. } => "open",
        }
    }

    /// Accounts that are needed before it can begin.
    #[must_use]
    pub fn accounts(&self) -> usize {
        match self.model {
            Model::Closed { users, .. } => users,
            Model::Open { customers, .. } => customers,
        }
    }

    /// The same mix as so many users, who think as people do.
    #[must_use]
    pub fn with_users(mut self, users: usize) -> Self {
        let ramp_up = match self.model {
            Model::Closed { ramp_up, .. } => ramp_up,
            Model::Open { .. } => {
                self.think_time = 1.0;
                Duration::ZERO
            }
        };
        self.model = Model::Closed { users, ramp_up };
        self
    }

    /// The same mix as so many arrivals a second. Nobody thinks then: the rate says how often somebody comes.
    #[must_use]
    pub fn with_rate(mut self, rate: f64) -> Self {
        let in_flight_max = match self.model {
            Model::Open { in_flight_max, .. } => in_flight_max,
            Model::Closed { .. } => IN_FLIGHT_MAX,
        };
        self.model = Model::Open {
            schedule: Schedule::new(vec![Stage::constant(rate, self.duration)]),
            customers: self.customers_for(rate),
            in_flight_max,
        };
        self.think_time = 0.0;
        self
    }

    /// The open model with so many accounts; a closed one has as many as it has users.
    #[must_use]
    pub fn with_customers(mut self, count: usize) -> Self {
        if let Model::Open { customers, .. } = &mut self.model {
            *customers = count;
        }
        self
    }

    /// The same in another length; stages are stretched.
    #[must_use]
    pub fn with_duration(mut self, duration: Duration) -> Self {
        if let Model::Open { schedule, .. } = &mut self.model {
            *schedule = schedule.stretched_to(duration);
        }
        self.duration = duration;
        self
    }

    /// Everything that makes no sense, each with a mend; for profiles that were changed by options.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut check = |holds: bool, key: &'static str, text: String| {
            if !holds {
                found.push(Problem { key, text });
            }
        };
        let lengths = Duration::from_secs(1)..=LENGTH_MAX;
        let length = crate::words::written(self.duration);
        check(
            lengths.contains(&self.duration),
            "duration",
            format!("is {length}; give 1s to 24h"),
        );
        check(
            self.warm_up <= LENGTH_MAX,
            "warm_up",
            "is longer than a day".to_owned(),
        );
        let think = (0.0..=100.0).contains(&self.think_time);
        check(
            think,
            "think_time",
            format!(
                "is {}; give a factor from 0 (nobody thinks) to 100",
                self.think_time
            ),
        );
        check(
            self.weights() > 0,
            "scenarios",
            "has no weight above 0: nobody would come".to_owned(),
        );
        check(
            self.hot_products != Some(0),
            "hot_products",
            "is 0: nobody could buy; leave it out for the whole catalogue".to_owned(),
        );
        match &self.model {
            Model::Closed { users, .. } => {
                let range = 1..=CUSTOMERS_MAX;
                check(
                    range.contains(users),
                    "users",
                    format!("is {users}; give 1 to {CUSTOMERS_MAX}"),
                );
            }
            Model::Open {
                schedule,
                customers,
                in_flight_max,
            } => {
                let peak = schedule.peak();
                check(
                    peak > 0.0 && peak <= RATE_MAX,
                    "rate",
                    format!("is {peak} arrivals a second; give more than 0 and at most {RATE_MAX}"),
                );
                check(
                    (1..=100_000).contains(in_flight_max),
                    "in_flight_max",
                    format!("is {in_flight_max}; give 1 to 100000"),
                );
                check(
                    (1..=CUSTOMERS_MAX).contains(customers),
                    "customers",
                    format!("is {customers}; give 1 to {CUSTOMERS_MAX}"),
                );
                self.limits(peak, *customers, &mut check);
            }
        }
        found
    }

    /// What the gateway would refuse anyway.
    fn limits(
        &self,
        peak: f64,
        customers: usize,
        check: &mut impl FnMut(bool, &'static str, String),
    ) {
        let needed = self.customers_for(peak);
        let enough = customers >= needed.min(CUSTOMERS_MAX) || peak > RATE_MAX;
        check(
            enough,
            "customers",
            format!(
                "is {customers}, too few for {peak} arrivals a second with this mix: the gateway lets a customer send \
             {REQUESTS_A_CUSTOMER} requests a second. Give {needed} or more, or leave it out"
            ),
        );
        let credentials = self.mean_of(|kind| kind.credentials()) * peak;
        check(
            credentials <= CREDENTIALS_A_SECOND,
            "scenarios",
            format!(
                "would register and log in {credentials:.0} times a second at {peak} arrivals a second; the gateway lets an \
             address do that {CREDENTIALS_A_SECOND} times a second. Lower the weights of new_customer and attacker"
            ),
        );
    }

    /// Accounts that such a rate of arrivals needs, so that none of them is limited.
    fn customers_for(&self, rate: f64) -> usize {
        let requests = self.mean_of(|kind| kind.requests()) * rate;
        let needed = requests / (REQUESTS_A_CUSTOMER * OF_WHICH_USED);
        (needed.ceil().max(0.0) as usize).max(CUSTOMERS_MIN)
    }

    /// An average over the mix.
    fn mean_of(&self, value: impl Fn(Kind) -> f64) -> f64 {
        let weighted = |(kind, share): (&Kind, &Share)| f64::from(share.weight) * value(*kind);
        let sum: f64 = self.scenarios.iter().map(weighted).sum();
        sum / f64::from(self.weights().max(1))
    }

    fn weights(&self) -> u32 {
        self.scenarios.values().map(|share| share.weight).sum()
    }
}

/// One thing that is wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field.
    pub key: &'static str,
    /// What, and what to write instead.
    pub text: String,
}

#[cfg(test)]
mod tests;
