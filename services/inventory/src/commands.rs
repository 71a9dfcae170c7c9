//! What the service can be asked to do. Each command is one transaction with state and event in it; then the relay is
//! woken and the units are counted.
//!
//! All of them can be repeated: a caller that got no answer asks again and gets the same state, never a second effect.

mod receive;
mod reserve;
mod settle;

use std::time::Duration;

use chassis::{
    crash,
    db::{Db, Tx},
    events::Outbox,
};
use serde_json::Value;

pub use self::{
    receive::{Imported, Restock, Restocked},
    reserve::Reserved,
    settle::{Settled, release},
};
use crate::{
    domain::{Basket, Item, OrderId, Refusal, ReleaseReason},
    error::Error,
    metrics::StockMetrics,
    store::stock::StockRow,
};

/// Committed, but the caller does not know yet: it must ask again and find its reservation.
const RESERVED: &str = "inventory.reserve.after_commit_before_answer";
/// As [`RESERVED`], for commit and release.
const SETTLED: &str = "inventory.settle.after_commit_before_answer";
/// Expired in the transaction, but not committed: the next sweep must find it held.
const EXPIRING: &str = "inventory.expire.before_commit";

/// Runs commands. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    pool: Db,
    outbox: Outbox,
    metrics: StockMetrics,
    hold: Duration,
}

impl Commands {
    /// `hold` is how long a reservation waits for its commit.
    pub fn new(pool: Db, outbox: Outbox, metrics: StockMetrics, hold: Duration) -> Self {
        for point in [RESERVED, SETTLED, EXPIRING] {
            crash::register(point);
        }
        Self {
            pool,
            outbox,
            metrics,
            hold,
        }
    }

    /// Keeps all units of a basket for an order, or none.
    ///
    /// # Errors
    /// [`Refusal::OutOfStock`]; if the order has a reservation, [`Refusal::ReservationDiffers`] or
    /// [`Refusal::ReservationClosed`].
    pub async fn reserve(&self, order_id: OrderId, basket: Basket) -> Result<Reserved, Error> {
        let mut tx = self.pool.begin().await?;
        let reserved = reserve::reserve(&mut tx, order_id, basket, self.hold).await;
        let reserved = self.finish(tx, reserved).await;
        self.metrics
            .reservations
            .with_label_values(&[outcome(&reserved)])
            .inc();
        if let Ok(Reserved::Now(reservation)) = &reserved {
            self.metrics.count_reserved(&reservation.basket);
            crash::point(RESERVED);
        }
        reserved
    }

    /// Sells what an order has reserved.
    ///
    /// # Errors
    /// [`Refusal::ReservationUnknown`], [`Refusal::ReservationClosed`].
    pub async fn commit(&self, order_id: OrderId) -> Result<Settled, Error> {
        let mut tx = self.pool.begin().await?;
        let settled = settle::commit(&mut tx, order_id).await;
        self.settled(tx, settled).await
    }

    /// Makes available again what an order has reserved or bought. An order without a reservation is closed, so that a
    /// reserve that comes late takes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn release(&self, order_id: OrderId) -> Result<Settled, Error> {
        let mut tx = self.pool.begin().await?;
        let settled = settle::release(&mut tx, order_id, ReleaseReason::Requested).await;
        self.settled(tx, settled).await
    }

    /// Expires the reservation that has been due the longest; `None` if none is due.
    ///
    /// # Errors
    /// The database's.
    pub async fn expire_next(&self) -> Result<Option<Settled>, Error> {
        let mut tx = self.pool.begin().await?;
        let expired = settle::expire_next(&mut tx).await;
        if let Ok(Some(_)) = expired {
            crash::point(EXPIRING);
        }
        let expired = self.finish(tx, expired).await?;
        if let Some(settled) = &expired {
            self.metrics.count_settled(settled);
        }
        Ok(expired)
    }

    /// Adds units of a product, once for each key of a caller. `answer` renders what the caller is told.
    ///
    /// # Errors
    /// The database's.
    pub async fn restock(
        &self,
        request: Restock<'_>,
        answer: fn(&StockRow) -> Value,
    ) -> Result<Restocked, Error> {
        let mut tx = self.pool.begin().await?;
        let restocked = receive::restock(&mut tx, request, answer).await;
        let restocked = self.finish(tx, restocked).await?;
        if let Restocked::Now(_) = restocked {
            self.metrics.count_received(request.quantity);
        }
        Ok(restocked)
    }

    /// Sets the stock of products that were never stocked; leaves all others as they are.
    ///
    /// # Errors
    /// The database's.
    pub async fn import(&self, items: &[Item]) -> Result<Imported, Error> {
        let mut tx = self.pool.begin().await?;
        let imported = receive::import(&mut tx, items).await;
        let imported = self.finish(tx, imported).await?;
        self.metrics.count_received(imported.units);
        Ok(imported)
    }

    async fn settled(&self, tx: Tx, settled: Result<Settled, Error>) -> Result<Settled, Error> {
        let settled = self.finish(tx, settled).await?;
        self.metrics.count_settled(&settled);
        crash::point(SETTLED);
        Ok(settled)
    }

    /// Commits what went well and tells the relay. Rolls back at once what did not, because its rows stay locked until
    /// then.
    async fn finish<T>(&self, tx: Tx, result: Result<T, Error>) -> Result<T, Error> {
        match result {
            Ok(value) => {
                tx.commit().await?;
                self.outbox.wake();
                Ok(value)
            }
            Err(error) => {
                // If the rollback fails the connection is broken, and PostgreSQL rolls back by itself.
                tx.rollback().await.ok();
                Err(error)
            }
        }
    }
}

fn outcome(reserved: &Result<Reserved, Error>) -> &'static str {
    match reserved {
        Ok(Reserved::Now(_)) => "reserved",
        Ok(Reserved::Before(_)) => "repeated",
        Err(Error::Refused(Refusal::OutOfStock(_))) => "out_of_stock",
        Err(Error::Refused(_)) => "refused",
        Err(_) => "failed",
    }
}
