//! Rows of `reservations` with their items.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use crate::domain::{Basket, Item, OrderId, ProductId, Reservation, Status};

/// A reservation with its items in one row; the argument says which, and how it is locked.
macro_rules! select_reservation {
    ($which:literal) => {
        concat!(
            "SELECT order_id, status, expires_at, version,
                    ARRAY(SELECT product_id FROM reservation_items i
                          WHERE i.order_id = r.order_id ORDER BY product_id) AS product_ids,
                    ARRAY(SELECT quantity FROM reservation_items i
                          WHERE i.order_id = r.order_id ORDER BY product_id) AS quantities
             FROM reservations r ",
            $which
        )
    };
}

#[derive(FromRow)]
struct Row {
    order_id: OrderId,
    status: Status,
    expires_at: Option<DateTime<Utc>>,
    version: i64,
    product_ids: Vec<ProductId>,
    quantities: Vec<i64>,
}

impl From<Row> for Reservation {
    fn from(row: Row) -> Self {
        let items = row.product_ids.into_iter().zip(row.quantities);
        let items = items.map(|(product_id, quantity)| Item {
            product_id,
            quantity,
        });
        Self {
            order_id: row.order_id,
            status: row.status,
            expires_at: row.expires_at,
            version: row.version,
            basket: Basket::from_stored(items.collect()),
        }
    }
}

/// Makes a held reservation with its items; `None` if the order has one already. Of two at once for the same order the
/// second waits here for the first one's commit.
///
/// # Errors
/// The database's.
pub async fn insert_held(
    conn: &mut PgConnection,
    order_id: OrderId,
    basket: Basket,
    hold: Duration,
) -> sqlx::Result<Option<Reservation>> {
    let (products, quantities) = basket.columns();
    let expires_at: Option<DateTime<Utc>> = sqlx::query_scalar(
        "WITH made AS (
             INSERT INTO reservations (order_id, status, expires_at, version)
             VALUES ($1, 'held', clock_timestamp() + make_interval(secs => $2), 1)
             ON CONFLICT (order_id) DO NOTHING
             RETURNING order_id, expires_at
         ), items AS (
             INSERT INTO reservation_items (order_id, product_id, quantity)
             SELECT made.order_id, w.product_id, w.quantity
             FROM made, unnest($3::uuid[], $4::bigint[]) AS w (product_id, quantity)
         )
         SELECT expires_at FROM made",
    )
    .bind(order_id)
    .bind(hold.as_secs_f64())
    .bind(products)
    .bind(quantities)
    .fetch_optional(conn)
    .await?;
    Ok(expires_at.map(|at| Reservation {
        order_id,
        status: Status::Held,
        expires_at: Some(at),
        version: 1,
        basket,
    }))
}

/// Closes an order that never reserved; false if it has a reservation after all.
///
/// # Errors
/// The database's.
pub async fn insert_tombstone(conn: &mut PgConnection, order_id: OrderId) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO reservations (order_id, status, version) VALUES ($1, 'released', 0)
         ON CONFLICT (order_id) DO NOTHING",
    )
    .bind(order_id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Reads a reservation.
///
/// # Errors
/// The database's.
pub async fn find(conn: &mut PgConnection, order_id: OrderId) -> sqlx::Result<Option<Reservation>> {
    let row: Option<Row> = sqlx::query_as(select_reservation!("WHERE order_id = $1"))
        .bind(order_id)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(Reservation::from))
}

/// Reads a reservation and keeps others from changing it until the end of the transaction.
///
/// # Errors
/// The database's.
pub async fn lock(conn: &mut PgConnection, order_id: OrderId) -> sqlx::Result<Option<Reservation>> {
    let row: Option<Row> =
        sqlx::query_as(select_reservation!("WHERE order_id = $1 FOR NO KEY UPDATE"))
            .bind(order_id)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(Reservation::from))
}

/// Locks the reservation that has been due the longest. One that somebody commits or releases at this moment, or that
/// another instance expires, is skipped.
///
/// # Errors
/// The database's.
pub async fn lock_due(conn: &mut PgConnection) -> sqlx::Result<Option<Reservation>> {
    let row: Option<Row> = sqlx::query_as(select_reservation!(
        "WHERE status = 'held' AND expires_at <= clock_timestamp()
         ORDER BY expires_at LIMIT 1
         FOR NO KEY UPDATE SKIP LOCKED"
    ))
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Reservation::from))
}

/// Writes the status and version of a reservation that the caller has locked.
///
/// # Errors
/// The database's.
pub async fn update(conn: &mut PgConnection, reservation: &Reservation) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE reservations SET status = $2, version = $3, updated_at = clock_timestamp()
         WHERE order_id = $1",
    )
    .bind(reservation.order_id)
    .bind(reservation.status)
    .bind(reservation.version)
    .execute(conn)
    .await?;
    Ok(())
}
