//! Payments by id, by order, and the list of those that are not settled.

use std::time::Duration;

use chassis::db::Db;
use sqlx::{PgConnection, PgExecutor};

use crate::{
    domain::{OrderId, Payment, PaymentId, Position},
    vault::Sealed,
};

/// Takes the order's place, unless somebody has it. `watch_after` is when the reconciler may look at it first.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    new: &Payment,
    token: Option<&Sealed>,
    watch_after: Duration,
) -> sqlx::Result<Option<Payment>> {
    let Position {
        status,
        amount,
        void_requested,
        ..
    } = new.position;
    sqlx::query_as(
        "INSERT INTO payments (id, order_id, user_id, currency, provider, status, amount, void_requested, version,
             correlation_id, token_sealed, token_key_id, next_check_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
             CASE WHEN $6 = 'pending' THEN clock_timestamp() + make_interval(secs => $13) END)
         ON CONFLICT ON CONSTRAINT payments_one_per_order DO NOTHING RETURNING *",
    )
    .bind(new.id)
    .bind(new.order_id)
    .bind(new.user_id)
    .bind(new.currency)
    .bind(new.provider)
    .bind(status)
    .bind(amount)
    .bind(void_requested)
    .bind(new.version)
    .bind(&new.correlation_id)
    .bind(token.map(|token| &token.bytes))
    .bind(token.map(|token| &token.key_id))
    .bind(watch_after.as_secs_f64())
    .fetch_optional(conn)
    .await
}

pub(crate) async fn by_id<'e>(
    conn: impl PgExecutor<'e>,
    id: PaymentId,
) -> sqlx::Result<Option<Payment>> {
    sqlx::query_as("SELECT * FROM payments WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
}

pub(crate) async fn by_order<'e>(
    conn: impl PgExecutor<'e>,
    order: OrderId,
) -> sqlx::Result<Option<Payment>> {
    sqlx::query_as("SELECT * FROM payments WHERE order_id = $1")
        .bind(order)
        .fetch_optional(conn)
        .await
}

/// Every decision about a payment is made with its row locked; decisions on one payment take turns.
pub(crate) async fn lock(conn: &mut PgConnection, id: PaymentId) -> sqlx::Result<Option<Payment>> {
    sqlx::query_as("SELECT * FROM payments WHERE id = $1 FOR UPDATE")
        .bind(id)
        .fetch_optional(conn)
        .await
}

/// As [`lock`], by order.
pub(crate) async fn lock_order(
    conn: &mut PgConnection,
    order: OrderId,
) -> sqlx::Result<Option<Payment>> {
    sqlx::query_as("SELECT * FROM payments WHERE order_id = $1 FOR UPDATE")
        .bind(order)
        .fetch_optional(conn)
        .await
}

/// Writes what changes. The token goes when the payment is no longer pending; the payment is taken off the reconciler's
/// list when it is settled, otherwise it comes up after `watch_after`.
pub(crate) async fn save(
    conn: &mut PgConnection,
    payment: &Payment,
    watch_after: Duration,
) -> sqlx::Result<Payment> {
    let position = payment.position;
    sqlx::query_as(
        "UPDATE payments SET status = $2, captured = $3, refund_held = $4, refunded = $5, void_requested = $6,
             provider = $7, decline_code = $8, version = $9, updated_at = clock_timestamp(),
             checks = CASE WHEN $10 THEN checks ELSE 0 END,
             token_sealed = CASE WHEN $2 = 'pending' THEN token_sealed END,
             token_key_id = CASE WHEN $2 = 'pending' THEN token_key_id END,
             next_check_at = CASE WHEN $10 THEN clock_timestamp() + make_interval(secs => $11) END
         WHERE id = $1 RETURNING *",
    )
    .bind(payment.id)
    .bind(position.status)
    .bind(position.captured)
    .bind(position.refund_held)
    .bind(position.refunded)
    .bind(position.void_requested)
    .bind(payment.provider)
    .bind(&payment.decline_code)
    .bind(payment.version)
    .bind(position.is_unsettled())
    .bind(watch_after.as_secs_f64())
    .fetch_one(conn)
    .await
}

/// The sealed token of a pending payment.
pub(crate) async fn token(conn: &mut PgConnection, id: PaymentId) -> sqlx::Result<Option<Sealed>> {
    let row: Option<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT token_sealed, token_key_id FROM payments WHERE id = $1 AND token_sealed IS NOT NULL",
    )
    .bind(id)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(bytes, key_id)| Sealed { key_id, bytes }))
}

/// A payment that the reconciler has claimed.
#[derive(sqlx::FromRow)]
pub(crate) struct Claimed {
    pub(crate) id: PaymentId,
    pub(crate) correlation_id: String,
}

/// Claims due payments for as long as `lease`. Several instances take different ones; what an instance that died had
/// claimed comes up again.
pub(crate) async fn claim_due(
    pool: &Db,
    limit: i64,
    lease: Duration,
) -> sqlx::Result<Vec<Claimed>> {
    sqlx::query_as(
        "UPDATE payments SET checks = checks + 1, next_check_at = clock_timestamp() + make_interval(secs => $2)
         WHERE id IN (SELECT id FROM payments WHERE next_check_at <= clock_timestamp()
                      ORDER BY next_check_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING id, correlation_id",
    )
    .bind(limit)
    .bind(lease.as_secs_f64())
    .fetch_all(pool)
    .await
}

/// Lets the reconciler look at a payment at once, if it is on its list.
pub(crate) async fn bring_forward(conn: &mut PgConnection, id: PaymentId) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE payments SET next_check_at = clock_timestamp() WHERE id = $1 AND next_check_at IS NOT NULL",
    )
    .bind(id)
    .execute(conn)
    .await?;
    Ok(())
}

/// How many payments are not settled, and the age of the oldest in seconds.
pub(crate) async fn backlog(pool: &Db) -> sqlx::Result<(i64, i64)> {
    sqlx::query_as(
        "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::bigint
         FROM payments WHERE next_check_at IS NOT NULL",
    )
    .fetch_one(pool)
    .await
}

/// A payment whose token is sealed with another key than this one; its row is locked.
pub(crate) async fn lock_sealed_otherwise(
    conn: &mut PgConnection,
    key_id: &str,
    after: PaymentId,
) -> sqlx::Result<Option<(PaymentId, Sealed)>> {
    let row: Option<(PaymentId, Vec<u8>, String)> = sqlx::query_as(
        "SELECT id, token_sealed, token_key_id FROM payments
         WHERE token_key_id <> $1 AND id > $2 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .bind(key_id)
    .bind(after)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(id, bytes, key_id)| (id, Sealed { key_id, bytes })))
}

pub(crate) async fn replace_token(
    conn: &mut PgConnection,
    id: PaymentId,
    sealed: &Sealed,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE payments SET token_sealed = $2, token_key_id = $3 WHERE id = $1")
        .bind(id)
        .bind(&sealed.bytes)
        .bind(&sealed.key_id)
        .execute(conn)
        .await?;
    Ok(())
}
