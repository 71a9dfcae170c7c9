//! Working on a payment step by step until nothing is open, or until nothing more can be learnt now.
//!
//! A step is decided under the payment's lock and committed before it is taken. That is where a call is counted as begun;
//! nothing in here calls a provider with a transaction open.

use chassis::crash;
use serde_json::json;
use sqlx::PgConnection;
use tracing::{info, warn};

use super::{Actor, Commands, audited, record::Next};
use crate::{
    domain::{
        Attempt, AttemptState, CardToken, Payment, PaymentId, Refund, RefundId, RefundKind, Status,
    },
    error::Error,
    provider::{Charge, ChargeOutcome, GiveBack, RefundOutcome},
    store::{attempts, payments, refunds},
};

const PROCESS: [&str; 2] = [
    "payment.process.before_call",
    "payment.process.after_call_before_record",
];
const REFUND: [&str; 2] = [
    "payment.refund.before_call",
    "payment.refund.after_call_before_record",
];
const VOID: [&str; 2] = [
    "payment.void.before_call",
    "payment.void.after_call_before_record",
];

/// Where a crash leaves a call whose fate is unknown.
pub(super) const CRASH_POINTS: [&str; 6] = [
    PROCESS[0], PROCESS[1], REFUND[0], REFUND[1], VOID[0], VOID[1],
];

/// Most steps at once: a charge, a failover, and more refunds than anybody makes. The reconciler does the rest.
const STEPS_MAX: usize = 32;

/// Reason of the refunds that a void makes.
const VOIDED: &str = "the order was voided";

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

    async fn next_step(&self, id: PaymentId, run: &Run, actor: &Actor) -> Result<Step, Error> {
        let mut tx = self.0.pool.begin().await?;
        let payment = payments::lock(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let before = payment.position.status;
        let step = if before == Status::Pending {
            self.next_charge(&mut tx, payment, actor).await?
        } else {
            self.next_refund(&mut tx, payment, run, actor).await?
        };
        tx.commit().await?;
        self.0.outbox.wake();
        if let Step::Rest(payment) = &step {
            self.count_end(before, payment);
        }
        Ok(step)
    }

    async fn next_charge(
        &self,
        conn: &mut PgConnection,
        payment: Payment,
        actor: &Actor,
    ) -> Result<Step, Error> {
        let mut attempt = attempts::holding(conn, payment.id)
            .await?
            .filter(|attempt| attempt.state == AttemptState::Open)
            .ok_or(Error::Books("a pending payment has no open attempt"))?;
        if payment.position.void_requested && attempt.calls.certainly_nothing() {
            let payment = self.end_as_voided(conn, payment, attempt, actor).await?;
            return Ok(Step::Rest(Box::new(payment)));
        }
        let sealed = payments::token(conn, payment.id)
            .await?
            .ok_or(Error::Books("a pending payment has no token"))?;
        let token = self.0.vault.open(payment.id, &sealed)?;
        attempt.calls.begun += 1;
        attempts::save(conn, &attempt, None, None).await?;
        let payment = payments::save(conn, &payment, self.0.limits.lease).await?;
        Ok(Step::Charge(Box::new(ChargeStep {
            payment,
            attempt,
            token,
        })))
    }

    async fn next_refund(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        run: &Run,
        actor: &Actor,
    ) -> Result<Step, Error> {
        let owed = payment.position.owed_by_void();
        if owed > 0 {
            // Held above all what the void owes: nobody else can refund it a second time.
            payment.position = payment.position.hold_refund(owed)?;
            refunds::insert(conn, payment.id, owed, VOIDED, RefundKind::Void).await?;
            payment = payments::save(conn, &payment, self.0.limits.lease).await?;
            let detail = json!({ "amount": owed, "reason": VOIDED });
            audited(conn, payment.id, actor, "refund.decided", detail).await?;
        }
        let pending = refunds::next_pending(conn, payment.id, &run.looked_at).await?;
        let Some(refund) = pending else {
            return Ok(Step::Rest(Box::new(payment)));
        };
        let attempt = attempts::holding(conn, payment.id)
            .await?
            .ok_or(Error::Books("a captured payment has no captured attempt"))?;
        let payment = payments::save(conn, &payment, self.0.limits.lease).await?;
        Ok(Step::Refund(Box::new(RefundStep {
            payment,
            attempt,
            refund,
        })))
    }

    async fn charge(&self, step: ChargeStep, run: &mut Run, actor: &Actor) -> Result<Went, Error> {
        crash::point(PROCESS[0]);
        let outcome = self.ask_for_charge(&step, run.asks_first).await?;
        crash::point(PROCESS[1]);
        let (provider, label) = (step.attempt.provider, charge_label(&outcome));
        self.0.metrics.count_call(provider, "charge", label);
        let unknown = matches!(outcome, ChargeOutcome::Unknown { .. });
        let may_fail_over = !run.failed_over;
        let recorded = self
            .record_charge(&step, outcome, may_fail_over, actor)
            .await?;
        match recorded {
            Next::FailOver(attempt) => {
                run.failed_over = true;
                let step = ChargeStep {
                    attempt: *attempt,
                    ..step
                };
                Ok(Went::On(Some(Step::Charge(Box::new(step)))))
            }
            Next::Ended => Ok(Went::On(None)),
            Next::Wait if unknown && run.tries_left > 1 => {
                run.tries_left -= 1;
                Ok(Went::On(None))
            }
            Next::Wait => Ok(Went::Stop),
        }
    }

    async fn ask_for_charge(
        &self,
        step: &ChargeStep,
        asks_first: bool,
    ) -> Result<ChargeOutcome, Error> {
        let ChargeStep {
            payment,
            attempt,
            token,
        } = step;
        let charge = Charge {
            key: &attempt.idempotency_key,
            payment: payment.id,
            order: payment.order_id,
            amount: payment
                .amount()
                .ok_or(Error::Books("a charge without a currency"))?,
            token,
            known_id: attempt.provider_payment_id.as_deref(),
        };
        let providers = &self.0.providers;
        if asks_first
            && attempt.calls.in_doubt_before_this_one()
            && let Some(known) = providers.look_up(attempt.provider, charge).await
        {
            info!(payment_id = %payment.id, "the provider knows the payment");
            return Ok(known);
        }
        Ok(providers.charge(attempt.provider, charge).await)
    }

    /// Asks for one refund and records the answer.
    async fn give_back(
        &self,
        step: &RefundStep,
        run: &mut Run,
        actor: &Actor,
    ) -> Result<Went, Error> {
        let definite = self.refund_once(step, actor).await?;
        if !definite && run.tries_left > 1 {
            run.tries_left -= 1;
        } else if !definite {
            run.looked_at.push(step.refund.id);
        }
        Ok(Went::On(None))
    }

    /// True when the answer was definite.
    pub(super) async fn refund_once(
        &self,
        step: &RefundStep,
        actor: &Actor,
    ) -> Result<bool, Error> {
        let RefundStep {
            payment,
            attempt,
            refund,
        } = step;
        let points = match refund.kind {
            RefundKind::Requested => REFUND,
            RefundKind::Void => VOID,
        };
        let amount = payment
            .money(refund.amount)
            .ok_or(Error::Books("a refund in no currency"))?;
        crash::point(points[0]);
        let back = GiveBack {
            refund,
            payment,
            attempt,
            amount,
        };
        let outcome = self.0.providers.refund(attempt.provider, back).await;
        crash::point(points[1]);
        if let RefundOutcome::Unknown { why } = &outcome {
            warn!(payment_id = %payment.id, refund_id = %refund.id, why, "a refund is unknown");
        }
        let label = refund_label(&outcome);
        self.0.metrics.count_call(attempt.provider, "refund", label);
        self.record_refund(step, outcome, actor).await
    }
}

fn charge_label(outcome: &ChargeOutcome) -> &'static str {
    match outcome {
        ChargeOutcome::Captured(_) => "settled",
        ChargeOutcome::Declined { .. } => "refused",
        ChargeOutcome::NotProcessed { .. } => "not_processed",
        ChargeOutcome::Unknown { .. } => "unknown",
    }
}

fn refund_label(outcome: &RefundOutcome) -> &'static str {
    match outcome {
        RefundOutcome::Succeeded { .. } => "settled",
        RefundOutcome::Refused { .. } => "refused",
        RefundOutcome::Unknown { .. } => "unknown",
    }
}
