//! Taking a payment for an order: once, however often it is asked for.

use chassis::{
    db::Tx,
    idempotency::{self, Begin, Claim, Repeated, RequestHash},
    money::Money,
    telemetry::request::RequestContext,
};
use chrono::Utc;
use serde_json::json;
use sqlx::PgConnection;

use super::{
    Actor, Commands, audited,
    drive::{ChargeStep, Patience, Step},
};
use crate::{
    domain::{CardToken, OrderId, Payment, PaymentId, Position, Provider, UserId},
    error::Error,
    events::{self, Happened},
    store::{attempts, payments},
};

/// Scope of the keys; the key is the order's id.
const SCOPE: &str = "payment.process";

/// A payment to take.
pub(crate) struct NewPayment {
    pub(crate) order_id: OrderId,
    pub(crate) user_id: UserId,
    pub(crate) amount: Money,
    /// Where to try first.
    pub(crate) provider: Provider,
    pub(crate) token: CardToken,
    /// Of the whole request.
    pub(crate) hash: RequestHash,
}

/// What came of it.
pub(crate) enum Processed {
    /// As far as it is known now.
    Now(Payment),
    /// The key was used before.
    Before(Repeated),
}

enum Opened {
    /// Written and committed, with the first call counted: make it.
    New(Box<ChargeStep>),
    /// Somebody began it and died.
    Again(PaymentId),
    Before(Repeated),
}

impl Commands {
    /// Takes the payment of an order.
    pub(crate) async fn process(&self, new: NewPayment, actor: Actor) -> Result<Processed, Error> {
        let this = self.clone();
        self.to_the_end(async move { this.process_now(new, &actor).await })
            .await
    }

    async fn process_now(&self, new: NewPayment, actor: &Actor) -> Result<Processed, Error> {
        let (id, first) = match self.open(new, actor).await? {
            Opened::New(step) => (step.payment.id, Some(Step::Charge(step))),
            Opened::Again(id) => (id, None),
            Opened::Before(repeated) => return Ok(Processed::Before(repeated)),
        };
        let payment = self
            .drive(id, first, Patience::of_a_request(self), actor)
            .await?;
        if payment.position.void_requested {
            return Err(Error::Voided);
        }
        Ok(Processed::Now(payment))
    }

    async fn open(&self, new: NewPayment, actor: &Actor) -> Result<Opened, Error> {
        let mut tx = self.0.pool.begin().await?;
        let payment = fresh(new.order_id, Position::opened(new.amount.amount));
        let claim = Claim {
            scope: SCOPE,
            key: &new.order_id.to_string(),
            hash: &new.hash,
            lease: self.0.limits.lease,
            makes: Some(payment.id.0),
        };
        let begun = idempotency::begin(&mut tx, &claim).await?;
        if begun == Begin::New {
            return self.open_new(tx, new, payment, actor).await;
        }
        tx.commit().await?;
        self.refuse_voided(new.order_id).await?;
        match begun {
            Begin::Resume(id) => Ok(Opened::Again(PaymentId(id))),
            Begin::Repeated(repeated) => Ok(Opened::Before(repeated)),
            Begin::New => Err(Error::Books("a new key was handled above")),
        }
    }

    /// An answer from before the void must not be taken for the present.
    async fn refuse_voided(&self, order: OrderId) -> Result<(), Error> {
        match payments::by_order(&self.0.pool, order).await? {
            Some(payment) if payment.position.void_requested => Err(Error::Voided),
            _ => Ok(()),
        }
    }

    async fn open_new(
        &self,
        mut tx: Tx,
        new: NewPayment,
        payment: Payment,
        actor: &Actor,
    ) -> Result<Opened, Error> {
        let Some(payment) = self.insert(&mut tx, &new, payment, actor).await? else {
            tx.rollback().await?;
            return self.open_again(&new).await;
        };
        let attempt = attempts::open(&mut tx, payment.id, new.provider).await?;
        tx.commit().await?;
        self.0.outbox.wake();
        Ok(Opened::New(Box::new(ChargeStep {
            payment,
            attempt,
            token: new.token,
        })))
    }

    /// The order has a payment, but no key: it was voided before it was asked for, or the key is past its time. The
    /// payment itself never is, so the order is not charged again.
    async fn open_again(&self, new: &NewPayment) -> Result<Opened, Error> {
        let payment = payments::by_order(&self.0.pool, new.order_id)
            .await?
            .ok_or(Error::Books("a payment has disappeared"))?;
        if payment.position.void_requested {
            return Err(Error::Voided);
        }
        let same = payment.position.amount == new.amount.amount
            && payment.currency == Some(new.amount.currency)
            && payment.user_id == Some(new.user_id);
        if same {
            Ok(Opened::Again(payment.id))
        } else {
            Ok(Opened::Before(Repeated::OtherRequest))
        }
    }

    /// `None` if the order's place is taken.
    async fn insert(
        &self,
        conn: &mut PgConnection,
        new: &NewPayment,
        mut payment: Payment,
        actor: &Actor,
    ) -> Result<Option<Payment>, Error> {
        payment.user_id = Some(new.user_id);
        payment.currency = Some(new.amount.currency);
        payment.provider = Some(new.provider);
        let sealed = self.0.vault.seal(payment.id, &new.token)?;
        let created = events::next(&mut payment, &Happened::Created);
        let lease = self.0.limits.lease;
        let Some(payment) = payments::insert(conn, &payment, Some(&sealed), lease).await? else {
            return Ok(None);
        };
        chassis::events::outbox::append(conn, &created).await?;
        let detail =
            json!({ "order_id": new.order_id, "amount": new.amount, "provider": new.provider });
        audited(conn, payment.id, actor, "payment.created", detail).await?;
        Ok(Some(payment))
    }
}

/// A payment that is about to be written.
pub(super) fn fresh(order_id: OrderId, position: Position) -> Payment {
    let now = Utc::now();
    Payment {
        id: PaymentId::new(),
        order_id,
        user_id: None,
        currency: None,
        provider: None,
        decline_code: None,
        position,
        version: 0,
        correlation_id: RequestContext::correlation_id(),
        checks: 0,
        created_at: now,
        updated_at: now,
    }
}
