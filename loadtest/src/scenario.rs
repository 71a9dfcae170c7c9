//! What customers do, written once for both models: a scenario is one visit, told as requests, thoughts and checks of
//! what the answers *say*. A right status with the wrong content is an error.

mod attacker;
mod browsing;
mod buying;
mod newcomer;
mod order;
mod restocking;
mod returning;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{Rng as _, rngs::SmallRng};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use self::order::{Card, Order, VISA, ask};
use crate::{
    account::Account,
    dice::Seed,
    door::{Answer, Ask, Door, Moment},
    fault::Ended,
    ground::Ground,
};

/// The scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Pages of the catalogue, a product, its stock.
    Browser,
    /// Searches, and narrows down by category.
    Searcher,
    /// Registers, logs in, looks at the own profile.
    NewCustomer,
    /// Orders one thing, and looks at the order.
    Buyer,
    /// Looks at past orders, their history and their sum, then buys again.
    ReturningBuyer,
    /// Orders, and changes their mind.
    Canceller,
    /// Restocks what sells out.
    Administrator,
    /// Wrong passwords, other people's orders, junk. To be refused is the right answer.
    Attacker,
}

/// One visit under way.
pub struct Visit {
    door: Door,
    ground: Arc<Ground>,
    who: Arc<Account>,
    scenario: &'static str,
    rng: SmallRng,
    /// When the next request is meant to be sent; none: at once.
    intended: Option<Instant>,
    /// When the visit was meant to begin.
    began: Instant,
    think: (Duration, Duration),
    over: watch::Receiver<bool>,
}

/// How visits are played in this run.
#[derive(Clone)]
pub struct Stage {
    /// The shop's door.
    pub door: Door,
    /// What visits share.
    pub ground: Arc<Ground>,
    /// Becomes true when the run is over.
    pub over: watch::Receiver<bool>,
    /// What chance depends on.
    pub seed: Seed,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Browser,
        Self::Searcher,
        Self::NewCustomer,
        Self::Buyer,
        Self::ReturningBuyer,
        Self::Canceller,
        Self::Administrator,
        Self::Attacker,
    ];

    /// As in profiles.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Searcher => "searcher",
            Self::NewCustomer => "new_customer",
            Self::Buyer => "buyer",
            Self::ReturningBuyer => "returning_buyer",
            Self::Canceller => "canceller",
            Self::Administrator => "administrator",
            Self::Attacker => "attacker",
        }
    }

    /// How long people think between two requests.
    #[must_use]
    pub fn think(self) -> (Duration, Duration) {
        let seconds = |from, to| (Duration::from_secs(from), Duration::from_secs(to));
        match self {
            Self::Browser | Self::Searcher => seconds(2, 8),
            Self::NewCustomer | Self::Buyer | Self::ReturningBuyer | Self::Canceller => {
                seconds(3, 9)
            }
            Self::Administrator => seconds(5, 15),
            // A program that tries things.
            Self::Attacker => seconds(1, 3),
        }
    }

    /// Requests of a visit, on average.
    pub(crate) fn requests(self) -> f64 {
        match self {
            Self::Browser | Self::Searcher | Self::NewCustomer => 3.0,
            Self::Buyer => 3.5,
            Self::ReturningBuyer => 4.5,
            Self::Canceller => 3.0,
            Self::Administrator => 2.0,
            Self::Attacker => 5.0,
        }
    }

    /// Registrations and logins of a visit.
    pub(crate) fn credentials(self) -> f64 {
        match self {
            Self::NewCustomer => 2.0,
            Self::Attacker => 1.0,
            _ => 0.0,
        }
    }

    async fn play(self, visit: &mut Visit) -> Result<(), Ended> {
        match self {
            Self::Browser => browsing::browse(visit).await,
            Self::Searcher => browsing::search(visit).await,
            Self::NewCustomer => newcomer::join(visit).await,
            Self::Buyer => buying::buy(visit).await,
            Self::ReturningBuyer => returning::return_and_buy(visit).await,
            Self::Canceller => buying::cancel(visit).await,
            Self::Administrator => restocking::restock(visit).await,
            Self::Attacker => attacker::attack(visit).await,
        }
    }
}

impl Stage {
    /// One visit, from its intended beginning to its end, as `dice` will have it. What went wrong has been noted when this returns.
    ///
    /// # Errors
    /// Why it ended early.
    pub async fn visit(
        &self,
        kind: Kind,
        customer: usize,
        think: (Duration, Duration),
        intended: Instant,
        dice: SmallRng,
    ) -> Result<(), Ended> {
        let administrator = self.ground.administrator();
        let who = match (kind, administrator) {
            (Kind::Administrator, Some(administrator)) => administrator,
            _ => self.ground.customer(customer),
        };
        let mut visit = Visit {
            door: self.door.clone(),
            ground: self.ground.clone(),
            who,
            scenario: kind.as_str(),
            rng: dice,
            intended: Some(intended),
            began: intended,
            think,
            over: self.over.clone(),
        };
        kind.play(&mut visit).await
    }
}

impl Visit {
    fn moment(&mut self) -> Moment {
        Moment {
            scenario: self.scenario,
            intended: self.intended.take().unwrap_or_else(Instant::now),
        }
    }

    /// Asks as the customer of this visit.
    async fn ask<T>(
        &mut self,
        ask: Ask,
        read: impl FnOnce(&Answer) -> Result<T, String>,
    ) -> Result<T, Ended> {
        let token = self.who.token(&self.door, self.scenario).await?;
        self.ask_as_nobody(ask.with_token(token), read).await
    }

    /// Asks without saying who.
    async fn ask_as_nobody<T>(
        &mut self,
        ask: Ask,
        read: impl FnOnce(&Answer) -> Result<T, String>,
    ) -> Result<T, Ended> {
        let moment = self.moment();
        Ok(self.door.send(ask, moment, read).await?)
    }

    /// Reads, considers. What comes next is meant for the end of it.
    async fn think(&mut self) -> Result<(), Ended> {
        let (from, to) = self.think;
        if *self.over.borrow() {
            return Err(Ended::Stopped);
        }
        if to.is_zero() {
            return Ok(());
        }
        let until = Instant::now() + self.rng.random_range(from..=to);
        tokio::select! {
            () = tokio::time::sleep_until(until.into()) => {
                self.intended = Some(until);
                Ok(())
            }
            // The run is over, or nobody is left to say so.
            _ = self.over.wait_for(|over| *over) => Err(Ended::Stopped),
        }
    }
}
