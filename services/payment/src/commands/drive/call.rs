//! Calling a provider, with no transaction open, and recording what it says.

use chassis::crash;
use tracing::{info, warn};

use super::{ChargeStep, RefundStep, Run, Step, Went};
use crate::{
    commands::{Actor, Commands, record::Next},
    domain::RefundKind,
    error::Error,
    provider::{Charge, ChargeOutcome, GiveBack, RefundOutcome},
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
pub(in crate::commands) const CRASH_POINTS: [&str; 6] = [
    PROCESS[0], PROCESS[1], REFUND[0], REFUND[1], VOID[0], VOID[1],
];

impl Commands {
    pub(super) async fn charge(
        &self,
        step: ChargeStep,
        run: &mut Run,
        actor: &Actor,
    ) -> Result<Went, Error> {
        crash::point(PROCESS[0]);
        let outcome = self.ask_for_charge(&step, run.asks_first).await?;
        crash::point(PROCESS[1]);
        let (provider, label) = (step.attempt.provider, charge_label(&outcome));
        self.0.metrics.count_call(provider, "charge", label);
        let outcome = match outcome {
            ChargeOutcome::Unknown { why, .. } if !self.0.reconciliation.is_on() => {
                ChargeOutcome::NotProcessed {
                    why,
                    may_fail_over: true,
                }
            }
            outcome => outcome,
        };
        let unknown = matches!(outcome, ChargeOutcome::Unknown { .. });
        let may_fail_over = !run.failed_over;
        let recorded = self
            .record_charge(&step, outcome, may_fail_over, actor)
            .await?;
        match recorded.next {
            Next::FailOver(attempt) => {
                run.failed_over = true;
                let step = ChargeStep {
                    attempt: *attempt,
                    ..step
                };
                Ok(Went::On(Some(Step::Charge(Box::new(step)))))
            }
            Next::Ended if !recorded.payment.position.is_unsettled() => {
                Ok(Went::On(Some(Step::Rest(Box::new(recorded.payment)))))
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
    pub(super) async fn give_back(
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
    pub(in crate::commands) async fn refund_once(
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
