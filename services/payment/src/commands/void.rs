//! Undoing an order's payment, whatever became of it: afterwards nothing stays captured, and nothing ever will be.

use std::time::Duration;

use serde_json::json;

use super::{Actor, Commands, audited, drive::Patience, process::fresh};
use crate::{
    domain::{OrderId, Payment, Position},
    error::Error,
    store::payments,
};

impl Commands {
    /// Voids the payment of an order. The payment returned is final unless its provider cannot be asked at the moment;
    /// then the reconciler finishes it.
    pub(crate) async fn void(&self, order: OrderId, actor: Actor) -> Result<Payment, Error> {
        let this = self.clone();
        self.to_the_end(async move { this.void_now(order, &actor).await })
            .await
    }

    async fn void_now(&self, order: OrderId, actor: &Actor) -> Result<Payment, Error> {
        let payment = self.request_void(order, actor).await?;
        if payment.position.nothing_stays_captured() {
            return Ok(payment);
        }
        self.drive(payment.id, None, Patience::asking(self), actor)
            .await
    }

    /// Writes down that the order is voided. If it never asked for money, a tombstone takes its place; of a request and
    /// a void at the same moment, the uniqueness of the order lets one be first, and the other finds it.
    async fn request_void(&self, order: OrderId, actor: &Actor) -> Result<Payment, Error> {
        let mut tx = self.0.pool.begin().await?;
        let tombstone = fresh(order, Position::tombstone());
        let inserted = payments::insert(&mut tx, &tombstone, None, Duration::ZERO).await?;
        let payment = match inserted {
            Some(payment) => payment,
            None => {
                let mut payment = payments::lock_order(&mut tx, order)
                    .await?
                    .ok_or(Error::Books("the order's place is taken by nobody"))?;
                let position = payment.position;
                if position.void_requested || position.nothing_stays_captured() {
                    return Ok(payment);
                }
                payment.position = position.request_void();
                payments::save(&mut tx, &payment, self.0.limits.lease).await?
            }
        };
        let detail = json!({ "order_id": order, "status": payment.position.status });
        audited(&mut tx, payment.id, actor, "payment.void_requested", detail).await?;
        tx.commit().await?;
        Ok(payment)
    }
}
