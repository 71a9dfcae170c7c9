//! Writing down what a provider said, with the event that tells of it, in one transaction. Whoever comes second with the
//! same news changes nothing.

mod ends;
mod refund;

use std::time::Duration;

use chassis::idempotency;
use serde::Serialize;
use sqlx::PgConnection;
use tracing::error;
use uuid::Uuid;

use super::{Actor, Commands, drive::ChargeStep};
use crate::{
    domain::{Attempt, AttemptState, NextMove, Payment, Provider, Status},
    error::Error,
    metrics::Anomaly,
    provider::ChargeOutcome,
    store::{attempts, payments},
};

/// What follows for the charge.
pub(super) enum Next {
    /// It came to an end, now or before.
    Ended,
    /// The other provider is to be tried; its call is counted.
    FailOver(Box<Attempt>),
    /// Nothing is certain yet.
    Wait,
}

/// A payment after something was learnt about its charge.
pub(super) struct Recorded {
    pub(super) before: Status,
    pub(super) payment: Payment,
    pub(super) next: Next,
}

/// Something learnt about a charge.
pub(super) struct ChargeNews<'a> {
    pub(super) provider: Provider,
    pub(super) outcome: ChargeOutcome,
    pub(super) may_fail_over: bool,
    /// When the reconciler may go on with what is still to be done after an end.
    pub(super) watch_after: Duration,
    pub(super) actor: &'a Actor,
}

impl Commands {
    /// Records the answer to a call.
    pub(super) async fn record_charge(
        &self,
        step: &ChargeStep,
        outcome: ChargeOutcome,
        may_fail_over: bool,
        actor: &Actor,
    ) -> Result<Recorded, Error> {
        let mut tx = self.0.pool.begin().await?;
        let payment = payments::lock(&mut tx, step.payment.id)
            .await?
            .ok_or(Error::NotFound)?;
        let news = ChargeNews {
            provider: step.attempt.provider,
            outcome,
            may_fail_over,
            watch_after: self.0.limits.lease,
            actor,
        };
        let recorded = self
            .record_charge_in(&mut tx, payment, news)
            .await?
            .ok_or(Error::Books("an attempt has disappeared"))?;
        tx.commit().await?;
        self.0.outbox.wake();
        self.count_end(recorded.before, &recorded.payment);
        if let Next::FailOver(attempt) = &recorded.next {
            let (from, to) = (step.attempt.provider.as_str(), attempt.provider.as_str());
            self.0
                .metrics
                .failovers
                .with_label_values(&[from, to])
                .inc();
        }
        Ok(recorded)
    }

    /// As [`Self::record_charge`], in a transaction that holds the payment. `None` if there is no such attempt.
    pub(super) async fn record_charge_in(
        &self,
        conn: &mut PgConnection,
        payment: Payment,
        news: ChargeNews<'_>,
    ) -> Result<Option<Recorded>, Error> {
        let before = payment.position.status;
        let Some(attempt) = attempts::at(conn, payment.id, news.provider).await? else {
            return Ok(None);
        };
        if attempt.state != AttemptState::Open {
            self.notice_contradiction(&attempt, &news.outcome);
            return Ok(Some(Recorded {
                before,
                payment,
                next: Next::Ended,
            }));
        }
        let (payment, next) = self.end_or_wait(conn, payment, attempt, news).await?;
        Ok(Some(Recorded {
            before,
            payment,
            next,
        }))
    }

    async fn end_or_wait(
        &self,
        conn: &mut PgConnection,
        payment: Payment,
        mut attempt: Attempt,
        news: ChargeNews<'_>,
    ) -> Result<(Payment, Next), Error> {
        match &news.outcome {
            ChargeOutcome::Captured(capture) if Some(capture.amount) == payment.amount() => {
                let payment = self
                    .end_as_captured(conn, payment, attempt, capture, &news)
                    .await?;
                Ok((payment, Next::Ended))
            }
            ChargeOutcome::Captured(capture) => {
                error!(payment_id = %payment.id, captured = %capture.amount, "another amount was captured");
                self.0.metrics.count_anomaly(Anomaly::CapturedAnotherAmount);
                self.wait(conn, payment, attempt, "another amount was captured")
                    .await
            }
            ChargeOutcome::Declined { code, payment_id } => {
                attempt.provider_payment_id = payment_id.clone().or(attempt.provider_payment_id);
                let payment = self
                    .end_as_declined(conn, payment, attempt, code, news.actor)
                    .await?;
                Ok((payment, Next::Ended))
            }
            ChargeOutcome::NotProcessed { why, may_fail_over } => {
                attempt.calls.not_processed += 1;
                let may_fail_over = *may_fail_over && news.may_fail_over;
                let wanted = payment.position.void_requested;
                match attempt.calls.next_move(wanted, may_fail_over) {
                    NextMove::Void => {
                        let payment = self
                            .end_as_voided(conn, payment, attempt, news.actor)
                            .await?;
                        Ok((payment, Next::Ended))
                    }
                    NextMove::FailOver => self.fail_over(conn, payment, attempt, why, &news).await,
                    NextMove::Wait => self.wait(conn, payment, attempt, why).await,
                }
            }
            ChargeOutcome::Unknown { why, payment_id } => {
                attempt.provider_payment_id = payment_id.clone().or(attempt.provider_payment_id);
                self.wait(conn, payment, attempt, why).await
            }
        }
    }

    /// Money where our account of calls says that there can be none, or none where there was some. This must never
    /// happen; it is shown rather than acted on, because whatever we believe then is wrong somewhere.
    fn notice_contradiction(&self, attempt: &Attempt, outcome: &ChargeOutcome) {
        let captured = attempt.state == AttemptState::Captured;
        let contradicts = match outcome {
            ChargeOutcome::Captured(_) => !captured,
            ChargeOutcome::Declined { .. } => captured,
            ChargeOutcome::NotProcessed { .. } | ChargeOutcome::Unknown { .. } => false,
        };
        if contradicts {
            error!(payment_id = %attempt.payment_id, state = ?attempt.state, ?outcome, "the provider contradicts our books");
            self.0.metrics.count_anomaly(Anomaly::ProviderContradicts);
        }
    }
}

/// Stores the answer for whoever repeats the request that made this.
async fn answer_key<T: Serialize>(
    conn: &mut PgConnection,
    made: Uuid,
    body: &T,
) -> Result<(), Error> {
    let body = serde_json::to_value(body).expect("our own types are plain JSON");
    idempotency::complete_for_resource(conn, made, 201, &body).await?;
    Ok(())
}
