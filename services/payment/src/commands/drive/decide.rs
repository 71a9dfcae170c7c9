//! What to do next with a payment: decided and written down under its lock, before anything is sent.

use serde_json::json;
use sqlx::PgConnection;

use super::{ChargeStep, RefundStep, Run, Step};
use crate::{
    commands::{Actor, Commands, audited},
    domain::{AttemptState, Payment, PaymentId, RefundId, RefundKind, Status},
    error::Error,
    store::{attempts, payments, refunds},
};

/// Reason of the refunds that a void makes.
const VOIDED: &str = "the order was voided";

impl Commands {
    pub(super) async fn next_step(
        &self,
        id: PaymentId,
        run: &Run,
        actor: &Actor,
    ) -> Result<Step, Error> {
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
            refunds::insert(
                conn,
                RefundId::new(),
                payment.id,
                owed,
                VOIDED,
                RefundKind::Void,
            )
            .await?;
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
}
