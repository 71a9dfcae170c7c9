//! Writing down what a provider said about a refund.

use std::time::Duration;

use chassis::events::outbox;
use serde_json::json;
use sqlx::PgConnection;
use tracing::error;

use super::answer_key;
use crate::{
    commands::{Actor, Commands, audited, drive::RefundStep},
    domain::{Payment, Refund, RefundKind, RefundStatus},
    error::Error,
    events::{self, Happened},
    metrics::Anomaly,
    provider::RefundOutcome,
    store::{payments, refunds},
    views::RefundBody,
};

impl Commands {
    /// Records the answer about a refund. True when it was definite.
    pub(in crate::commands) async fn record_refund(
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
                self.0.metrics.count_anomaly(Anomaly::VoidRefundRefused);
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
