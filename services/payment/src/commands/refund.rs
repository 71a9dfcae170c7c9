//! Giving money back because somebody asks.

use chassis::{
    idempotency::{self, Begin, Claim, Repeated, RequestHash},
    money::Money,
};
use serde_json::json;

use super::{Actor, Commands, audited, drive::RefundStep};
use crate::{
    domain::{Payment, PaymentId, Refund, RefundId, RefundKind},
    error::Error,
    store::{attempts, payments, refunds},
};

/// A refund to make.
pub(crate) struct NewRefund {
    pub(crate) payment: PaymentId,
    /// Everything that is left, if not given.
    pub(crate) amount: Option<Money>,
    pub(crate) reason: String,
    pub(crate) key: String,
    /// Of the whole request.
    pub(crate) hash: RequestHash,
}

/// What came of it.
pub(crate) enum Refunded {
    /// As far as it is known now.
    Now(Box<Payment>, Refund),
    /// The key was used before.
    Before(Repeated),
}

enum Decided {
    New(Box<RefundStep>),
    /// Somebody began it and died.
    Again(RefundId),
    Before(Repeated),
}

impl Commands {
    /// Gives money back.
    pub(crate) async fn refund(&self, new: NewRefund, actor: Actor) -> Result<Refunded, Error> {
        let this = self.clone();
        self.to_the_end(async move { this.refund_now(new, &actor).await })
            .await
    }

    async fn refund_now(&self, new: NewRefund, actor: &Actor) -> Result<Refunded, Error> {
        let payment = new.payment;
        let refund = match self.decide(new, actor).await? {
            Decided::New(step) => {
                self.refund_with_patience(&step, actor).await?;
                step.refund.id
            }
            Decided::Again(id) => {
                self.reconcile(payment).await?;
                id
            }
            Decided::Before(repeated) => return Ok(Refunded::Before(repeated)),
        };
        let payment = self.find(payment).await?;
        let refund = refunds::by_id(&self.0.pool, refund)
            .await?
            .ok_or(Error::Books("a refund has disappeared"))?;
        Ok(Refunded::Now(Box::new(payment), refund))
    }

    async fn refund_with_patience(&self, step: &RefundStep, actor: &Actor) -> Result<(), Error> {
        for _ in 0..self.0.limits.tries_max {
            if self.refund_once(step, actor).await? {
                break;
            }
        }
        Ok(())
    }

    /// Writes the refund down and sets its amount aside, both or neither.
    async fn decide(&self, new: NewRefund, actor: &Actor) -> Result<Decided, Error> {
        let mut tx = self.0.pool.begin().await?;
        let mut payment = payments::lock(&mut tx, new.payment)
            .await?
            .ok_or(Error::NotFound)?;
        let (refund, lease) = (RefundId::new(), self.0.limits.lease);
        let claim = Claim {
            scope: &format!("payment.refund:{}", new.payment),
            key: &new.key,
            hash: &new.hash,
            lease,
            makes: Some(refund.0),
        };
        match idempotency::begin(&mut tx, &claim).await? {
            Begin::New => {}
            Begin::Resume(id) => {
                tx.commit().await?;
                return Ok(Decided::Again(RefundId(id)));
            }
            Begin::Repeated(repeated) => return Ok(Decided::Before(repeated)),
        }
        let amount = amount_of(&new, &payment)?;
        payment.position = payment.position.hold_refund(amount)?;
        let (id, reason) = (payment.id, &new.reason);
        let kind = RefundKind::Requested;
        let refund = refunds::insert(&mut tx, refund, id, amount, reason, kind).await?;
        let payment = payments::save(&mut tx, &payment, lease).await?;
        let attempt = attempts::holding(&mut tx, id)
            .await?
            .ok_or(Error::Books("a captured payment has no captured attempt"))?;
        let detail = json!({ "refund_id": refund.id, "amount": amount, "reason": reason });
        audited(&mut tx, id, actor, "refund.decided", detail).await?;
        tx.commit().await?;
        Ok(Decided::New(Box::new(RefundStep {
            payment,
            attempt,
            refund,
        })))
    }
}

fn amount_of(new: &NewRefund, payment: &Payment) -> Result<i64, Error> {
    match new.amount {
        None => Ok(payment.position.refundable()),
        Some(amount) if Some(amount.currency) == payment.currency => Ok(amount.amount),
        // Before currencies are compared: a tombstone has none.
        Some(amount) if payment.position.captured == 0 => Ok(amount.amount),
        Some(_) => Err(Error::CurrencyMismatch),
    }
}
