//! Refunds. The payment's row is locked by whoever comes here to write.

use sqlx::{PgConnection, PgExecutor};

use crate::domain::{PaymentId, Refund, RefundId, RefundKind};

/// Most refunds shown of one payment; nobody refunds in smaller parts.
const SHOWN_MAX: i64 = 100;

/// Notes a refund before the provider is asked for it.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    id: RefundId,
    payment: PaymentId,
    amount: i64,
    reason: &str,
    kind: RefundKind,
) -> sqlx::Result<Refund> {
    sqlx::query_as(
        "INSERT INTO refunds (id, payment_id, amount, reason, kind, status)
         VALUES ($1, $2, $3, $4, $5, 'pending') RETURNING *",
    )
    .bind(id)
    .bind(payment)
    .bind(amount)
    .bind(reason)
    .bind(kind)
    .fetch_one(conn)
    .await
}

pub(crate) async fn by_id<'e>(
    conn: impl PgExecutor<'e>,
    id: RefundId,
) -> sqlx::Result<Option<Refund>> {
    sqlx::query_as("SELECT * FROM refunds WHERE id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await
}

/// Newest first.
pub(crate) async fn of_payment<'e>(
    conn: impl PgExecutor<'e>,
    payment: PaymentId,
) -> sqlx::Result<Vec<Refund>> {
    sqlx::query_as("SELECT * FROM refunds WHERE payment_id = $1 ORDER BY created_at DESC LIMIT $2")
        .bind(payment)
        .bind(SHOWN_MAX)
        .fetch_all(conn)
        .await
}

/// The oldest refund that is not settled, apart from those that were already looked at.
pub(crate) async fn next_pending(
    conn: &mut PgConnection,
    payment: PaymentId,
    looked_at: &[RefundId],
) -> sqlx::Result<Option<Refund>> {
    sqlx::query_as(
        "SELECT * FROM refunds WHERE payment_id = $1 AND status = 'pending' AND NOT (id = ANY ($2))
         ORDER BY created_at LIMIT 1",
    )
    .bind(payment)
    .bind(looked_at)
    .fetch_optional(conn)
    .await
}

pub(crate) async fn succeed(
    conn: &mut PgConnection,
    id: RefundId,
    provider_refund_id: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE refunds SET status = 'succeeded', provider_refund_id = $2, updated_at = clock_timestamp()
         WHERE id = $1",
    )
    .bind(id)
    .bind(provider_refund_id)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn fail(conn: &mut PgConnection, id: RefundId, code: &str) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE refunds SET status = 'failed', failure_code = $2, updated_at = clock_timestamp() WHERE id = $1",
    )
    .bind(id)
    .bind(code)
    .execute(conn)
    .await?;
    Ok(())
}
