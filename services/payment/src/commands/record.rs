//! Writing down what a provider said, with the event that tells of it, in one transaction. Whoever comes second with the
//! same news changes nothing.

use std::time::Duration;

use chassis::{events::outbox, idempotency};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use tracing::{error, warn};

use super::{Actor, Commands, audited, drive::ChargeStep, drive::RefundStep};
use crate::{
    domain::{
        Attempt, AttemptState, NextMove, Payment, PaymentId, Provider, Refund, RefundKind,
        RefundStatus, Status,
    },
    error::Error,
    events::{self, Happened},
    provider::{Capture, ChargeOutcome, RefundOutcome},
    store::{attempts, payments, refunds},
    views::{PaymentBody, RefundBody},
};

/// Why a payment that was voided in time has failed, for those who listen.
const VOIDED: &str = "voided";

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
    pub(super) payment: PaymentId,
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
    ) -> Result<Next, Error> {
        let mut tx = self.0.pool.begin().await?;
        let news = ChargeNews {
            payment: step.payment.id,
            provider: step.attempt.provider,
            outcome,
            may_fail_over,
            watch_after: self.0.limits.lease,
            actor,
        };
        let recorded = self
            .record_charge_in(&mut tx, news)
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
        Ok(recorded.next)
    }

    /// As [`Self::record_charge`], in the caller's transaction. `None` if there is no such attempt.
    pub(super) async fn record_charge_in(
        &self,
        conn: &mut PgConnection,
        news: ChargeNews<'_>,
    ) -> Result<Option<Recorded>, Error> {
        let payment = payments::lock(conn, news.payment)
            .await?
            .ok_or(Error::NotFound)?;
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
                self.0.metrics.count_anomaly("captured_another_amount");
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

    async fn end_as_captured(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        mut attempt: Attempt,
        capture: &Capture,
        news: &ChargeNews<'_>,
    ) -> Result<Payment, Error> {
        attempt.state = AttemptState::Captured;
        attempt.provider_payment_id = Some(capture.payment_id.clone());
        attempt.provider_capture_id.clone_from(&capture.capture_id);
        attempts::save(conn, &attempt, None, None).await?;
        payment.position = payment.position.capture()?;
        let event = events::next(&mut payment, &Happened::Completed);
        outbox::append(conn, &event).await?;
        let payment = payments::save(conn, &payment, news.watch_after).await?;
        let detail = json!({
            "amount": capture.amount, "provider": attempt.provider, "provider_payment": capture.payment_id,
        });
        audited(conn, payment.id, news.actor, "payment.captured", detail).await?;
        answer_key(conn, payment.id.0, &PaymentBody::from(&payment)).await?;
        Ok(payment)
    }

    async fn end_as_declined(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        mut attempt: Attempt,
        code: &str,
        actor: &Actor,
    ) -> Result<Payment, Error> {
        attempt.state = AttemptState::Declined;
        attempts::save(conn, &attempt, Some(code), None).await?;
        payment.position = payment.position.decline()?;
        payment.decline_code = Some(code.to_owned());
        let event = events::next(&mut payment, &Happened::Failed { code });
        outbox::append(conn, &event).await?;
        let payment = payments::save(conn, &payment, Duration::ZERO).await?;
        let detail = json!({ "code": code, "provider": attempt.provider });
        audited(conn, payment.id, actor, "payment.declined", detail).await?;
        answer_key(conn, payment.id.0, &PaymentBody::from(&payment)).await?;
        Ok(payment)
    }

    /// Nothing was processed and nothing will be: the attempt is closed before anybody can begin another call.
    pub(super) async fn end_as_voided(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        mut attempt: Attempt,
        actor: &Actor,
    ) -> Result<Payment, Error> {
        attempt.state = AttemptState::NotProcessed;
        attempts::save(conn, &attempt, None, Some(VOIDED)).await?;
        payment.position = payment.position.void()?;
        let event = events::next(&mut payment, &Happened::Failed { code: VOIDED });
        outbox::append(conn, &event).await?;
        let payment = payments::save(conn, &payment, Duration::ZERO).await?;
        audited(conn, payment.id, actor, "payment.voided", json!({})).await?;
        Ok(payment)
    }

    async fn fail_over(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        mut attempt: Attempt,
        why: &str,
        news: &ChargeNews<'_>,
    ) -> Result<(Payment, Next), Error> {
        let (from, to) = (attempt.provider, attempt.provider.other());
        warn!(payment_id = %payment.id, from = from.as_str(), to = to.as_str(), why, "failing over");
        attempt.state = AttemptState::NotProcessed;
        attempts::save(conn, &attempt, None, Some(why)).await?;
        let attempt = attempts::open(conn, payment.id, to).await?;
        payment.provider = Some(to);
        let payment = payments::save(conn, &payment, news.watch_after).await?;
        let detail = json!({ "from": from, "to": to, "why": why });
        audited(conn, payment.id, news.actor, "payment.failed_over", detail).await?;
        Ok((payment, Next::FailOver(Box::new(attempt))))
    }

    async fn wait(
        &self,
        conn: &mut PgConnection,
        payment: Payment,
        attempt: Attempt,
        why: &str,
    ) -> Result<(Payment, Next), Error> {
        warn!(payment_id = %payment.id, provider = attempt.provider.as_str(), why, "not settled yet");
        attempts::save(conn, &attempt, None, Some(why)).await?;
        let payment = payments::save(conn, &payment, self.next_check(&payment)).await?;
        Ok((payment, Next::Wait))
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
            self.0.metrics.count_anomaly("provider_contradicts");
        }
    }

    /// Records the answer about a refund. True when it was definite.
    pub(super) async fn record_refund(
        &self,
        step: &RefundStep,
        outcome: RefundOutcome,
        actor: &Actor,
    ) -> Result<bool, Error> {
        let mut tx = self.0.pool.begin().await?;
        let payment = payments::lock(&mut tx, step.payment.id)
            .await?
            .ok_or(Error::NotFound)?;
        let refund = refunds::by_id(&mut *tx, step.refund.id)
            .await?
            .ok_or(Error::Books("a refund has disappeared"))?;
        if refund.status != RefundStatus::Pending {
            return Ok(true);
        }
        let outcome = self.never_give_up_a_void(&refund, outcome);
        let label = match &outcome {
            RefundOutcome::Succeeded { refund_id } => {
                refund_succeeded(
                    &mut tx,
                    payment,
                    refund,
                    refund_id,
                    self.0.limits.lease,
                    actor,
                )
                .await?;
                Some("succeeded")
            }
            RefundOutcome::Refused { code } => {
                refund_failed(&mut tx, payment, refund, code, self.0.limits.lease, actor).await?;
                Some("failed")
            }
            RefundOutcome::Unknown { .. } => {
                payments::save(&mut tx, &payment, self.next_check(&payment)).await?;
                None
            }
        };
        tx.commit().await?;
        self.0.outbox.wake();
        if let Some(outcome) = label {
            let kind = match step.refund.kind {
                RefundKind::Requested => "requested",
                RefundKind::Void => "void",
            };
            let labels = [step.attempt.provider.as_str(), kind, outcome];
            self.0.metrics.refunds.with_label_values(&labels).inc();
        }
        Ok(label.is_some())
    }

    /// A customer's money must not stay because a provider says no: asked again, and shown to a person.
    fn never_give_up_a_void(&self, refund: &Refund, outcome: RefundOutcome) -> RefundOutcome {
        match outcome {
            RefundOutcome::Refused { code } if refund.kind == RefundKind::Void => {
                error!(payment_id = %refund.payment_id, code, "the provider refuses the refund of a void");
                self.0.metrics.count_anomaly("void_refund_refused");
                RefundOutcome::Unknown { why: code }
            }
            other => other,
        }
    }
}

async fn refund_succeeded(
    conn: &mut PgConnection,
    mut payment: Payment,
    refund: Refund,
    provider_refund_id: &str,
    watch_after: Duration,
    actor: &Actor,
) -> Result<(), Error> {
    refunds::succeed(conn, refund.id, provider_refund_id).await?;
    payment.position = payment.position.complete_refund(refund.amount)?;
    let event = events::next(&mut payment, &Happened::Refunded(&refund));
    outbox::append(conn, &event).await?;
    refund_ended(
        conn,
        payment,
        refund,
        "refund.succeeded",
        watch_after,
        actor,
    )
    .await
}

async fn refund_failed(
    conn: &mut PgConnection,
    mut payment: Payment,
    refund: Refund,
    code: &str,
    watch_after: Duration,
    actor: &Actor,
) -> Result<(), Error> {
    refunds::fail(conn, refund.id, code).await?;
    payment.position = payment.position.abandon_refund(refund.amount)?;
    refund_ended(conn, payment, refund, "refund.failed", watch_after, actor).await
}

async fn refund_ended(
    conn: &mut PgConnection,
    payment: Payment,
    refund: Refund,
    action: &'static str,
    watch_after: Duration,
    actor: &Actor,
) -> Result<(), Error> {
    let payment = payments::save(conn, &payment, watch_after).await?;
    let refund = refunds::by_id(&mut *conn, refund.id)
        .await?
        .ok_or(Error::Books("a refund has disappeared"))?;
    let detail = json!({ "refund_id": refund.id, "amount": payment.money(refund.amount), "failure_code": refund.failure_code });
    audited(conn, payment.id, actor, action, detail).await?;
    answer_key(conn, refund.id.0, &RefundBody::of(&payment, &refund)).await
}

/// Stores the answer for whoever repeats the request that made this.
async fn answer_key<T: Serialize>(
    conn: &mut PgConnection,
    made: uuid::Uuid,
    body: &T,
) -> Result<(), Error> {
    let body = serde_json::to_value(body).expect("our own types are plain JSON");
    idempotency::complete_for_resource(conn, made, 201, &body).await?;
    Ok(())
}
