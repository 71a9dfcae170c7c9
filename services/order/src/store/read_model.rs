//! The read model: one row an order, kept in step with the stream in the same transaction, and rebuilt from it on demand.

use std::collections::HashMap;

use chassis::{
    db::{Db, Tx},
    events::outbox::{self, StoredEvent},
};
use chrono::{DateTime, Utc};
use sqlx::{Acquire as _, PgConnection};
use uuid::Uuid;

use super::{
    orders::{COLUMNS, OrderRow},
    stream,
};
use crate::domain::Order;

/// Events read at once while rebuilding.
const PAGE: u16 = 1_000;
pub(super) async fn insert(conn: &mut PgConnection, order: &Order) -> sqlx::Result<OrderRow> {
    let sql = format!(
        "INSERT INTO orders (id, user_id, status, items, total, currency, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, now(), now()) RETURNING {COLUMNS}"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(order.id)
        .bind(order.user_id)
        .bind(order.status.as_str())
        .bind(sqlx::types::Json(&order.items))
        .bind(order.total.amount)
        .bind(order.total.currency.code())
        .bind(order.version)
        .fetch_one(conn)
        .await
}

pub(super) async fn update(conn: &mut PgConnection, order: &Order) -> sqlx::Result<OrderRow> {
    let sql = format!(
        "UPDATE orders SET status = $2, cancelling = $3, reason = $4, detail = $5, refunded = $6,
                payment_id = $7, version = $8, updated_at = now()
         WHERE id = $1 RETURNING {COLUMNS}"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(order.id)
        .bind(order.status.as_str())
        .bind(order.cancelling)
        .bind(order.reason.map(|reason| reason.as_str()))
        .bind(&order.detail)
        .bind(order.refunded)
        .bind(order.payment_id)
        .bind(order.version)
        .fetch_one(conn)
        .await
}

/// What a comparison of the live rows with the replayed streams found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Comparison {
    /// Orders compared.
    pub(crate) orders: usize,
    /// Orders whose row and stream disagree; empty when all is well.
    pub(crate) differing: Vec<Uuid>,
}

/// Replays every stream and compares it with the live row. One snapshot, so traffic may go on meanwhile.
pub(crate) async fn compare(pool: &Db) -> sqlx::Result<Comparison> {
    let mut tx = snapshot(pool).await?;
    let replayed = replay_all(&mut tx).await?;
    let live = super::orders::all(&mut tx).await?;
    let mut differing: Vec<Uuid> = live
        .iter()
        .filter(|row| replayed.get(&row.id).is_none_or(|order| !row.shows(order)))
        .map(|row| row.id)
        .collect();
    let known: std::collections::HashSet<Uuid> = live.iter().map(|row| row.id).collect();
    differing.extend(replayed.keys().filter(|id| !known.contains(id)));
    Ok(Comparison {
        orders: replayed.len(),
        differing,
    })
}

/// Empties the table and fills it again from the streams, in one transaction that keeps writers out. Returns the number
/// of orders.
pub(crate) async fn rebuild(pool: &Db) -> sqlx::Result<usize> {
    let mut tx = snapshot(pool).await?;
    // Before anything that takes the snapshot: what is committed while we wait for the lock must be in it.
    sqlx::query("LOCK TABLE orders IN EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM orders").execute(&mut *tx).await?;
    let times = times(&mut tx).await?;
    let replayed = replay_all(&mut tx).await?;
    for order in replayed.values() {
        let (created, updated) = times[&order.id.0];
        restore(&mut tx, order, created, updated).await?;
    }
    tx.commit().await?;
    Ok(replayed.len())
}

/// A transaction that sees one state throughout. A statement may take long, because it reads everything. Neither of
/// these two takes the snapshot yet; the first query does.
async fn snapshot(pool: &Db) -> sqlx::Result<Tx> {
    let mut tx = pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        .execute(&mut *tx)
        .await?;
    sqlx::query("SET LOCAL statement_timeout = '120s'")
        .execute(&mut *tx)
        .await?;
    Ok(tx)
}

async fn replay_all(conn: &mut PgConnection) -> sqlx::Result<HashMap<Uuid, Order>> {
    let filter = outbox::Filter {
        topic: Some(stream::TOPIC),
        event_types: None,
    };
    let mut orders: HashMap<Uuid, Order> = HashMap::new();
    let mut after = 0;
    loop {
        let page = outbox::stream_all(conn.acquire().await?, filter, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(orders);
        };
        after = last.seq;
        for stored in &page {
            take(&mut orders, stored)?;
        }
    }
}

fn take(orders: &mut HashMap<Uuid, Order>, stored: &StoredEvent) -> sqlx::Result<()> {
    let event = stream::parse(stored).map_err(|error| sqlx::Error::Decode(error.into()))?;
    match orders.get_mut(&stored.aggregate_id) {
        Some(order) => order.apply(event),
        None => {
            let order = Order::begin(event)
                .ok_or_else(|| sqlx::Error::Decode("a stream without a creation".into()))?;
            orders.insert(stored.aggregate_id, order);
        }
    }
    Ok(())
}

type Times = (DateTime<Utc>, DateTime<Utc>);

/// When each order's first and last event happened.
async fn times(conn: &mut PgConnection) -> sqlx::Result<HashMap<Uuid, Times>> {
    let rows: Vec<(Uuid, DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(
        "SELECT aggregate_id, min(occurred_at), max(occurred_at) FROM outbox
         WHERE topic = $1 GROUP BY aggregate_id",
    )
    .bind(stream::TOPIC)
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, first, last)| (id, (first, last)))
        .collect())
}

/// Writes a whole row at once: an order that is paid has its payment from the start.
async fn restore(
    conn: &mut PgConnection,
    order: &Order,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO orders (id, user_id, status, cancelling, reason, detail, items, total, currency,
                             refunded, payment_id, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(order.id)
    .bind(order.user_id)
    .bind(order.status.as_str())
    .bind(order.cancelling)
    .bind(order.reason.map(|reason| reason.as_str()))
    .bind(&order.detail)
    .bind(sqlx::types::Json(&order.items))
    .bind(order.total.amount)
    .bind(order.total.currency.code())
    .bind(order.refunded)
    .bind(order.payment_id)
    .bind(order.version)
    .bind(created)
    .bind(updated)
    .execute(conn)
    .await?;
    Ok(())
}

impl OrderRow {
    /// Whether the row says what the replayed order says.
    fn shows(&self, order: &Order) -> bool {
        self.user_id == order.user_id
            && self.status == order.status.as_str()
            && self.cancelling == order.cancelling
            && self.reason.as_deref() == order.reason.map(|reason| reason.as_str())
            && self.detail == order.detail
            && self.items.0 == order.items
            && self.total == order.total.amount
            && self.currency == order.total.currency.code()
            && self.refunded == order.refunded
            && self.payment_id == order.payment_id
            && self.version == order.version
    }
}
