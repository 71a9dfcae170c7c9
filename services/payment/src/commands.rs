//! What the service can be asked to do.
//!
//! Every command has the same form: a transaction that writes the intent; a call to the provider with no transaction
//! open; a transaction that writes what is known afterwards, with its event. What is unknown afterwards stays pending and
//! is asked again with the same key, by the same request, the next one, or the reconciler. Only a definite answer ends it.
//!
//! Whoever decides holds the payment's row, so processing, voiding, refunding and settling one order take turns. Locks are
//! taken in one order: payment, audit chain, idempotency key.

mod drive;
mod notice;
mod process;
mod record;
mod refund;
mod void;

use std::{future::Future, sync::Arc, time::Duration};

use chassis::{
    auth::Caller, crash, db::Db, events::Outbox, protection::Protection, service::Tasks,
    telemetry::request::RequestContext,
};
use chrono::Utc;
use serde_json::Value;
use sqlx::PgConnection;

use self::drive::Patience;
pub(crate) use self::{
    process::{NewPayment, Processed},
    refund::{NewRefund, Refunded},
};
use crate::{
    config::Limits,
    domain::{Payment, PaymentId, Status},
    error::Error,
    metrics::PaymentMetrics,
    provider::Providers,
    store::{audit, payments},
    vault::Vault,
};

/// Runs commands. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Commands(Arc<Shared>);

/// What commands work with.
pub(crate) struct Shared {
    pub(crate) pool: Db,
    pub(crate) providers: Providers,
    pub(crate) vault: Vault,
    pub(crate) outbox: Outbox,
    pub(crate) metrics: PaymentMetrics,
    pub(crate) limits: Limits,
    pub(crate) tasks: Tasks,
    pub(crate) reconciliation: Protection,
}

/// The switch of asking again after an answer that was lost.
pub(crate) fn reconciliation() -> Protection {
    Protection::register(
        "payment.reconciliation",
        "a charge whose answer was lost is taken for one that never happened, and made elsewhere",
    )
}

/// Who asks, for the audit log.
#[derive(Clone, Debug)]
pub(crate) struct Actor(String);

impl Actor {
    pub(crate) fn reconciler() -> Self {
        Self("worker:reconciler".to_owned())
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::User(user) => Self(format!("user:{}", user.id)),
            Caller::Service(name) => Self(format!("service:{name}")),
        }
    }
}

impl Commands {
    pub(crate) fn new(shared: Shared) -> Self {
        for point in drive::CRASH_POINTS {
            crash::register(point);
        }
        Self(Arc::new(shared))
    }

    pub(crate) fn metrics(&self) -> &PaymentMetrics {
        &self.0.metrics
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Asks the provider, now, what became of a payment that is not settled.
    pub(crate) async fn confirm(&self, id: PaymentId, actor: Actor) -> Result<Payment, Error> {
        let this = self.clone();
        self.to_the_end(async move { this.drive(id, None, Patience::asking(&this), &actor).await })
            .await
    }

    /// The reconciler's look at a payment that it has claimed.
    pub(crate) async fn reconcile(&self, id: PaymentId) -> Result<Payment, Error> {
        self.drive(id, None, Patience::RECONCILER, &Actor::reconciler())
            .await
    }

    /// Claims payments that are due for the reconciler.
    pub(crate) async fn claim_due(&self) -> Result<Vec<payments::Claimed>, Error> {
        let Limits { batch, lease, .. } = self.0.limits;
        Ok(payments::claim_due(&self.0.pool, i64::from(batch), lease).await?)
    }

    /// Brings the gauges of what is not settled up to date.
    pub(crate) async fn measure_backlog(&self) -> Result<(), Error> {
        let (count, oldest) = payments::backlog(&self.0.pool).await?;
        self.0.metrics.unsettled.set(count);
        self.0.metrics.unsettled_age.set(oldest);
        Ok(())
    }

    /// Seals the next token after `after` that is sealed with an old key; its payment, or `None` if there is none.
    pub(crate) async fn reseal_next(&self, after: PaymentId) -> Result<Option<PaymentId>, Error> {
        let vault = &self.0.vault;
        let mut tx = self.0.pool.begin().await?;
        let key_id = vault.sealing_key_id();
        let Some((id, old)) = payments::lock_sealed_otherwise(&mut tx, key_id, after).await? else {
            return Ok(None);
        };
        let outcome = match vault
            .open(id, &old)
            .and_then(|token| vault.seal(id, &token))
        {
            Ok(sealed) => {
                payments::replace_token(&mut tx, id, &sealed).await?;
                tx.commit().await?;
                "resealed"
            }
            Err(error) => {
                tracing::error!(payment_id = %id, %error, "a token cannot be sealed again");
                "failed"
            }
        };
        self.0.metrics.resealed.with_label_values(&[outcome]).inc();
        Ok(Some(id))
    }

    async fn find(&self, id: PaymentId) -> Result<Payment, Error> {
        payments::by_id(&self.0.pool, id)
            .await?
            .ok_or(Error::NotFound)
    }

    /// Runs work to its end although the caller may go away: a provider's answer must not be dropped half way.
    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let work = RequestContext::current().scope(work);
        self.0
            .tasks
            .detach(work)
            .await
            .unwrap_or(Err(Error::Interrupted))
    }

    /// When the reconciler should look at it again.
    fn next_check(&self, payment: &Payment) -> Duration {
        let attempt = u32::try_from(payment.checks).unwrap_or(0);
        self.0.limits.checks.delay(attempt, &mut rand::rng())
    }

    /// Counts a payment that came to its end. Called after the commit.
    fn count_end(&self, before: Status, payment: &Payment) {
        let Some(provider) = payment.provider else {
            return;
        };
        if before == Status::Pending && payment.position.status != Status::Pending {
            let took = (payment.updated_at - payment.created_at)
                .to_std()
                .unwrap_or_default();
            let outcome = payment.position.status.as_str();
            self.0.metrics.count_processed(provider, outcome, took);
        }
    }
}

/// Notes what was done in the audit log.
async fn audited(
    conn: &mut PgConnection,
    payment: PaymentId,
    actor: &Actor,
    action: &'static str,
    detail: Value,
) -> sqlx::Result<()> {
    let entry = audit::Entry {
        payment,
        actor: &actor.0,
        action,
        detail,
    };
    audit::append(conn, &entry, Utc::now()).await
}
