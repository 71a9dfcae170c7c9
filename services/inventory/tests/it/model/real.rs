//! The service's commands on real PostgreSQL, with ids of their own in place of the history's indexes.

use std::collections::BTreeMap;

use chassis::{db::Db, idempotency};
use inventory::{
    commands::{Commands, Reserved, Restock, Settled},
    domain::{Basket, Item, OrderId, ProductId, Refusal},
    error::Error,
};
use uuid::Uuid;

use super::{ORDERS, Op, PRODUCTS, Told};

/// The same on the real thing, with ids of its own.
pub(super) struct Real<'a> {
    pool: &'a Db,
    commands: Commands,
    products: Vec<ProductId>,
    orders: Vec<OrderId>,
}

impl<'a> Real<'a> {
    /// Version 7 ids sort by creation, as the indexes do: shortages come in the same order on both sides.
    pub(super) fn new(pool: &'a Db, commands: &Commands) -> Self {
        Self {
            pool,
            commands: commands.clone(),
            products: (0..PRODUCTS).map(|_| ProductId::new()).collect(),
            orders: (0..ORDERS).map(|_| OrderId::new()).collect(),
        }
    }

    pub(super) async fn apply(&self, op: &Op) -> Told {
        match op {
            Op::Restock(product, quantity) => {
                let key = Uuid::now_v7().to_string();
                let restock = Restock {
                    caller: "model",
                    key: &key,
                    hash: &idempotency::hash("POST", "", b""),
                    product_id: self.products[*product],
                    quantity: *quantity,
                };
                self.commands
                    .restock(restock, |row| row.version.into())
                    .await
                    .unwrap();
                Told::Done
            }
            Op::Import(product, quantity) => {
                self.commands
                    .import(&[self.item(*product, *quantity)])
                    .await
                    .unwrap();
                Told::Done
            }
            Op::Reserve(order, lines) => {
                let items: Vec<_> = lines.iter().map(|(p, q)| self.item(*p, *q)).collect();
                let basket = Basket::new(&items).unwrap();
                match self.commands.reserve(self.orders[*order], basket).await {
                    Ok(Reserved::Now(_)) => Told::Reserved,
                    Ok(Reserved::Before(_)) => Told::Before,
                    Err(error) => self.refusal(error),
                }
            }
            Op::Commit(order) => self.settled(self.commands.commit(self.orders[*order]).await),
            Op::Release(order) => self.settled(self.commands.release(self.orders[*order]).await),
            Op::Expire(order) => {
                self.make_due(self.orders[*order]).await;
                while self.commands.expire_next().await.unwrap().is_some() {}
                Told::Done
            }
        }
    }

    fn item(&self, product: usize, quantity: i64) -> Item {
        Item {
            product_id: self.products[product],
            quantity,
        }
    }

    fn settled(&self, settled: Result<Settled, Error>) -> Told {
        match settled {
            Ok(settled) => Told::Status(settled.reservation.status.name()),
            Err(error) => self.refusal(error),
        }
    }

    fn refusal(&self, error: Error) -> Told {
        let Error::Refused(refusal) = error else {
            return Told::Failed(error.to_string());
        };
        match refusal {
            Refusal::ReservationClosed(_) => Told::Closed,
            Refusal::ReservationDiffers => Told::Differs,
            Refusal::ReservationUnknown => Told::Unknown,
            Refusal::OutOfStock(short) => {
                let index = |id| {
                    self.products
                        .iter()
                        .position(|product| *product == id)
                        .unwrap()
                };
                Told::Short(
                    short
                        .iter()
                        .map(|s| (index(s.product_id), s.available))
                        .collect(),
                )
            }
        }
    }

    async fn make_due(&self, order: OrderId) {
        sqlx::query(
            "UPDATE reservations SET expires_at = clock_timestamp()
             WHERE order_id = $1 AND status = 'held'",
        )
        .bind(order)
        .execute(self.pool)
        .await
        .unwrap();
    }

    pub(super) async fn stock(&self) -> BTreeMap<usize, [i64; 4]> {
        let rows: Vec<(ProductId, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT product_id, received, available, reserved, sold FROM stock
             WHERE product_id = ANY ($1)",
        )
        .bind(&self.products)
        .fetch_all(self.pool)
        .await
        .unwrap();
        let index = |id| {
            self.products
                .iter()
                .position(|product| *product == id)
                .unwrap()
        };
        rows.into_iter()
            .map(|(id, r, a, h, s)| (index(id), [r, a, h, s]))
            .collect()
    }

    pub(super) async fn statuses(&self) -> BTreeMap<usize, String> {
        let rows: Vec<(OrderId, String)> =
            sqlx::query_as("SELECT order_id, status FROM reservations WHERE order_id = ANY ($1)")
                .bind(&self.orders)
                .fetch_all(self.pool)
                .await
                .unwrap();
        let index = |id| self.orders.iter().position(|order| *order == id).unwrap();
        rows.into_iter()
            .map(|(id, status)| (index(id), status))
            .collect()
    }
}
