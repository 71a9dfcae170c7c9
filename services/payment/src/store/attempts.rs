//! Attempts. The payment's row is locked by whoever comes here to write.

use chassis::db::Db;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{Attempt, AttemptState, OrderId, PaymentId, Provider};

/// Begins an attempt at a provider with its first call counted. One that was left because nothing had been processed
/// there is opened again.
pub(crate) async fn open(
    conn: &mut PgConnection,
    payment: PaymentId,
    provider: Provider,
) -> sqlx::Result<Attempt> {
    sqlx::query_as(
        "INSERT INTO payment_attempts (id, payment_id, provider, idempotency_key, state, calls_begun)
         VALUES ($1, $2, $3, $4, 'open', 1)
         ON CONFLICT ON CONSTRAINT payment_attempts_one_per_provider DO UPDATE
             SET state = 'open', calls_begun = payment_attempts.calls_begun + 1, updated_at = clock_timestamp()
             WHERE payment_attempts.state = 'not_processed'
         RETURNING *",
    )
    .bind(Uuid::now_v7())
    .bind(payment)
    .bind(provider)
    .bind(Attempt::key(payment, provider))
    .fetch_one(conn)
    .await
}

/// The attempt that holds, or may hold, the money.
pub(crate) async fn holding(
    conn: &mut PgConnection,
    payment: PaymentId,
) -> sqlx::Result<Option<Attempt>> {
    sqlx::query_as(
        "SELECT * FROM payment_attempts WHERE payment_id = $1 AND state IN ('open', 'captured')",
    )
    .bind(payment)
    .fetch_optional(conn)
    .await
}

pub(crate) async fn at(
    conn: &mut PgConnection,
    payment: PaymentId,
    provider: Provider,
) -> sqlx::Result<Option<Attempt>> {
    sqlx::query_as("SELECT * FROM payment_attempts WHERE payment_id = $1 AND provider = $2")
        .bind(payment)
        .bind(provider)
        .fetch_optional(conn)
        .await
}

/// Where an attempt stands at this moment, without a lock.
pub(crate) async fn state(
    pool: &Db,
    payment: PaymentId,
    provider: Provider,
) -> sqlx::Result<Option<AttemptState>> {
    sqlx::query_scalar("SELECT state FROM payment_attempts WHERE payment_id = $1 AND provider = $2")
        .bind(payment)
        .bind(provider)
        .fetch_optional(pool)
        .await
}

/// As [`state`], by order.
pub(crate) async fn state_of_order(
    pool: &Db,
    order: OrderId,
    provider: Provider,
) -> sqlx::Result<Option<AttemptState>> {
    sqlx::query_scalar(
        "SELECT attempt.state FROM payment_attempts attempt JOIN payments ON payments.id = attempt.payment_id
         WHERE payments.order_id = $1 AND attempt.provider = $2",
    )
    .bind(order)
    .bind(provider)
    .fetch_optional(pool)
    .await
}

/// Writes what changes. `note` says why the last call brought no answer.
pub(crate) async fn save(
    conn: &mut PgConnection,
    attempt: &Attempt,
    decline_code: Option<&str>,
    note: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE payment_attempts SET state = $2, calls_begun = $3, calls_not_processed = $4, provider_payment_id = $5,
             provider_capture_id = $6, decline_code = coalesce($7, decline_code), note = coalesce($8, note),
             updated_at = clock_timestamp()
         WHERE id = $1",
    )
    .bind(attempt.id)
    .bind(attempt.state)
    .bind(attempt.calls.begun)
    .bind(attempt.calls.not_processed)
    .bind(&attempt.provider_payment_id)
    .bind(&attempt.provider_capture_id)
    .bind(decline_code)
    // It may repeat what a provider sent, and PostgreSQL stores no NUL.
    .bind(note.map(|note| note.replace('\0', "")))
    .execute(conn)
    .await?;
    Ok(())
}
