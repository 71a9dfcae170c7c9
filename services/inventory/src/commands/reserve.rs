//! Reserve: all units of a basket, or none.

use std::time::Duration;

use chassis::events::outbox;
use sqlx::PgConnection;

use crate::{
    domain::{Basket, Move, OrderId, ProductId, Refusal, Reservation, Shortage},
    error::Error,
    events,
    store::{reservations, stock},
};

/// A reservation that the order has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// Made now.
    Now(Reservation),
    /// Made by an earlier request for the same basket.
    Before(Reservation),
}

/// Three statements. What does not need the stock comes first: a hot product is locked only for the last one and the
/// commit, so its buyers queue for as short as the disk allows.
pub(super) async fn reserve(
    conn: &mut PgConnection,
    order_id: OrderId,
    basket: Basket,
    hold: Duration,
) -> Result<Reserved, Error> {
    let Some(made) = reservations::insert_held(conn, order_id, basket.clone(), hold).await? else {
        return repeat(conn, order_id, &basket).await;
    };
    outbox::append(conn, &events::reserved(order_id, &basket)).await?;
    let taken = stock::move_units(conn, Move::Reserve, &basket).await?;
    if taken.len() < basket.items().len() {
        return Err(Refusal::OutOfStock(shortages(conn, &basket, &taken).await?).into());
    }
    Ok(Reserved::Now(made))
}

async fn repeat(
    conn: &mut PgConnection,
    order_id: OrderId,
    basket: &Basket,
) -> Result<Reserved, Error> {
    let before = reservations::find(conn, order_id).await?;
    let before = before.ok_or_else(|| Error::Books(format!("{order_id} exists and does not")))?;
    before.repeat(basket)?;
    Ok(Reserved::Before(before))
}

/// What was missing. The rows are still locked, so the figures are those that decided.
async fn shortages(
    conn: &mut PgConnection,
    basket: &Basket,
    taken: &[ProductId],
) -> Result<Vec<Shortage>, Error> {
    let short: Vec<_> = basket
        .items()
        .iter()
        .filter(|item| !taken.contains(&item.product_id))
        .collect();
    let ids: Vec<_> = short.iter().map(|item| item.product_id).collect();
    let rows = stock::find_all(conn, &ids).await?;
    let available = |id| {
        rows.iter()
            .find(|row| row.product_id == id)
            .map_or(0, |row| row.available)
    };
    Ok(short
        .into_iter()
        .map(|item| Shortage {
            product_id: item.product_id,
            wanted: item.quantity,
            available: available(item.product_id),
        })
        .collect())
}
