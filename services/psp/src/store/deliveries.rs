//! Events for the merchant and how far their delivery got.

use std::time::Duration;

use chassis::db::Db;
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{Cursor, Listed};
use crate::domain::{PaymentId, Provider};

/// An event to be delivered.
#[derive(Debug)]
pub(crate) struct NewDelivery {
    pub(crate) id: Uuid,
    pub(crate) event_type: &'static str,
    /// JSON, exactly as it will be sent and signed.
    pub(crate) payload: String,
}

/// A delivery that this worker holds for a while.
#[derive(Debug, FromRow)]
pub(crate) struct Claimed {
    pub(crate) id: Uuid,
    pub(crate) provider: Provider,
    pub(crate) payload: String,
    /// This one included.
    pub(crate) attempts: i32,
}

pub(crate) async fn insert(
    conn: &mut PgConnection,
    provider: Provider,
    payment: PaymentId,
    delivery: &NewDelivery,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO webhook_deliveries (id, provider, event_type, payment_id, payload, next_attempt_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(delivery.id)
    .bind(provider)
    .bind(delivery.event_type)
    .bind(payment)
    .bind(&delivery.payload)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes deliveries that are due. They are due again after the lease, so a worker that dies loses none.
pub(crate) async fn claim(pool: &Db, lease: Duration, limit: u32) -> sqlx::Result<Vec<Claimed>> {
    sqlx::query_as(
        "UPDATE webhook_deliveries
         SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + make_interval(secs => $1)
         WHERE id IN (
             SELECT id FROM webhook_deliveries
             WHERE next_attempt_at <= clock_timestamp() AND delivered_at IS NULL AND abandoned_at IS NULL
             ORDER BY next_attempt_at LIMIT $2
             FOR UPDATE SKIP LOCKED)
         RETURNING id, provider, payload, attempts",
    )
    .bind(lease.as_secs_f64())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
}

pub(crate) async fn mark_delivered(pool: &Db, ids: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhook_deliveries SET delivered_at = clock_timestamp() WHERE id = ANY($1)",
    )
    .bind(ids)
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes a failure; `retry_after` of `None` gives the delivery up.
pub(crate) async fn mark_failed(
    pool: &Db,
    id: Uuid,
    error: &str,
    retry_after: Option<Duration>,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhook_deliveries
         SET last_error = $2,
             next_attempt_at = clock_timestamp() + make_interval(secs => coalesce($3, 0)),
             abandoned_at = CASE WHEN $3 IS NULL THEN clock_timestamp() END
         WHERE id = $1",
    )
    .bind(id)
    .bind(error)
    .bind(retry_after.map(|delay| delay.as_secs_f64()))
    .execute(pool)
    .await?;
    Ok(())
}

/// Payloads of events.
pub(crate) async fn list(
    pool: &Db,
    provider: Provider,
    cursor: Cursor,
    limit: u32,
) -> sqlx::Result<Listed<String>> {
    let sql = if cursor.oldest_first() {
        "SELECT payload FROM webhook_deliveries WHERE provider = $1 AND id < $2 AND id > $3
         ORDER BY id LIMIT $4"
    } else {
        "SELECT payload FROM webhook_deliveries WHERE provider = $1 AND id < $2 AND id > $3
         ORDER BY id DESC LIMIT $4"
    };
    let (below, above) = cursor.bounds();
    let rows: Vec<String> = sqlx::query_scalar(sql)
        .bind(provider)
        .bind(below)
        .bind(above)
        .bind(i64::from(limit) + 1)
        .fetch_all(pool)
        .await?;
    Ok(Listed::cut(rows, cursor, limit))
}

pub(crate) async fn find(pool: &Db, provider: Provider, id: Uuid) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT payload FROM webhook_deliveries WHERE provider = $1 AND id = $2")
        .bind(provider)
        .bind(id)
        .fetch_optional(pool)
        .await
}
