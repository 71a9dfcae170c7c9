//! What a provider tells us unasked. A hint: it moves a payment forward or does nothing.

use std::time::Duration;

use sqlx::PgConnection;

use super::{Actor, Commands, record::ChargeNews};
use crate::{
    domain::{AttemptState, Payment, Provider, Status},
    error::Error,
    provider::{
        ChargeOutcome,
        webhook::{News, Notice, Subject},
    },
    store::{attempts, payments, webhooks},
};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It ended a payment.
    Ended,
    /// The reconciler will ask at once.
    Nudged,
    /// It says nothing new.
    Ignored,
    /// It was seen before.
    Duplicate,
}

impl Applied {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Nudged => "nudged",
            Self::Ignored => "ignored",
            Self::Duplicate => "duplicate",
        }
    }
}

impl Commands {
    /// Applies an event once.
    pub(crate) async fn apply(&self, notice: Notice) -> Result<Applied, Error> {
        if self.is_known(&notice).await? {
            return Ok(Applied::Ignored);
        }
        let mut tx = self.0.pool.begin().await?;
        let Notice {
            provider,
            event_id,
            event_type,
            news,
        } = notice;
        if !webhooks::insert(&mut tx, provider, &event_id, &event_type).await? {
            return Ok(Applied::Duplicate);
        }
        let (applied, ended) = match news {
            News::Charge(subject, outcome) => {
                self.apply_charge(&mut tx, provider, subject, outcome)
                    .await?
            }
            News::Refund(subject) => match lock(&mut tx, subject).await? {
                Some(payment) => {
                    payments::bring_forward(&mut tx, payment.id).await?;
                    (Applied::Nudged, None)
                }
                None => (Applied::Ignored, None),
            },
            News::Nothing => (Applied::Ignored, None),
        };
        tx.commit().await?;
        if let Some(payment) = ended {
            self.0.outbox.wake();
            self.count_end(Status::Pending, &payment);
        }
        Ok(applied)
    }

    /// Whether it says how a charge ended that ended so. It nearly always does, because the answer to the call comes
    /// before the event; then nothing is locked and nothing written.
    async fn is_known(&self, notice: &Notice) -> Result<bool, Error> {
        let News::Charge(subject, outcome) = &notice.news else {
            return Ok(false);
        };
        let told = match outcome {
            ChargeOutcome::Captured(_) => AttemptState::Captured,
            ChargeOutcome::Declined { .. } => AttemptState::Declined,
            ChargeOutcome::NotProcessed { .. } | ChargeOutcome::Unknown { .. } => return Ok(false),
        };
        let pool = &self.0.pool;
        let state = match *subject {
            Subject::Payment(id) => attempts::state(pool, id, notice.provider).await?,
            Subject::Order(order) => attempts::state_of_order(pool, order, notice.provider).await?,
        };
        Ok(state == Some(told))
    }

    async fn apply_charge(
        &self,
        conn: &mut PgConnection,
        provider: Provider,
        subject: Subject,
        outcome: ChargeOutcome,
    ) -> Result<(Applied, Option<Payment>), Error> {
        let Some(payment) = lock(conn, subject).await? else {
            return Ok((Applied::Ignored, None));
        };
        let actor = Actor(format!("provider:{}", provider.as_str()));
        let news = ChargeNews {
            provider,
            outcome,
            may_fail_over: false,
            // Nobody goes on here: what a void still owes is the reconciler's at once.
            watch_after: Duration::ZERO,
            actor: &actor,
        };
        let recorded = self.record_charge_in(conn, payment, news).await?;
        let ended = recorded.filter(|recorded| {
            recorded.before == Status::Pending
                && recorded.payment.position.status != Status::Pending
        });
        Ok(match ended {
            Some(recorded) => (Applied::Ended, Some(recorded.payment)),
            None => (Applied::Ignored, None),
        })
    }
}

async fn lock(conn: &mut PgConnection, subject: Subject) -> sqlx::Result<Option<Payment>> {
    match subject {
        Subject::Payment(id) => payments::lock(conn, id).await,
        Subject::Order(order) => payments::lock_order(conn, order).await,
    }
}
