//! Working on a payment step by step until nothing is open, or until nothing more can be learnt now.
//!
//! A step is decided under the payment's lock and committed before it is taken. That is where a call is counted as begun;
//! nothing in here calls a provider with a transaction open.

mod call;
mod decide;

pub(super) use self::call::CRASH_POINTS;
use super::{Actor, Commands};
use crate::{
    domain::{Attempt, CardToken, Payment, PaymentId, Refund, RefundId},
    error::Error,
};

/// Most steps at once: a charge, a failover, and more refunds than anybody makes. The reconciler does the rest.
const STEPS_MAX: usize = 32;

/// How long somebody waits for a definite answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Calls that may end without one.
    tries: u32,
    /// Whether to ask what the provider knows before a call is repeated.
    asks_first: bool,
}

impl Patience {
    /// One look; there will be others.
    pub(super) const RECONCILER: Self = Self {
        tries: 1,
        asks_first: true,
    };

    /// A request that has just been made: the provider's index may not know it yet, so the call is repeated at once.
    pub(super) fn of_a_request(commands: &Commands) -> Self {
        Self {
            tries: commands.0.limits.tries_max,
            asks_first: false,
        }
    }

    /// Somebody who comes later and wants to know.
    pub(super) fn asking(commands: &Commands) -> Self {
        Self {
            tries: commands.0.limits.tries_max,
            asks_first: true,
        }
    }
}

pub(super) enum Step {
    Charge(Box<ChargeStep>),
    Refund(Box<RefundStep>),
    /// Nothing to do, or nothing more for now.
    Rest(Box<Payment>),
}

/// A charge that is counted as begun.
pub(super) struct ChargeStep {
    pub(super) payment: Payment,
    pub(super) attempt: Attempt,
    pub(super) token: CardToken,
}

/// A refund that is written down.
pub(super) struct RefundStep {
    pub(super) payment: Payment,
    /// The one that took the money.
    pub(super) attempt: Attempt,
    pub(super) refund: Refund,
}

/// What one run has used up.
struct Run {
    tries_left: u32,
    asks_first: bool,
    failed_over: bool,
    /// Refunds that brought no answer this time.
    looked_at: Vec<RefundId>,
}

enum Went {
    On(Option<Step>),
    Stop,
}

impl Commands {
    /// Works on a payment, beginning with `first` if it is known, and returns it as it is then.
    pub(super) async fn drive(
        &self,
        id: PaymentId,
        first: Option<Step>,
        patience: Patience,
        actor: &Actor,
    ) -> Result<Payment, Error> {
        let Patience { tries, asks_first } = patience;
        let mut run = Run {
            tries_left: tries,
            asks_first,
            failed_over: false,
            looked_at: Vec::new(),
        };
        let mut next = first;
        for _ in 0..STEPS_MAX {
            let step = match next.take() {
                Some(step) => step,
                None => self.next_step(id, &run, actor).await?,
            };
            let went = match step {
                Step::Rest(payment) => return Ok(*payment),
                Step::Charge(step) => self.charge(*step, &mut run, actor).await?,
                Step::Refund(step) => self.give_back(&step, &mut run, actor).await?,
            };
            match went {
                Went::On(step) => next = step,
                Went::Stop => break,
            }
        }
        self.find(id).await
    }
}
