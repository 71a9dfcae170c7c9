//! Sagas as rows: claimed by lease, advanced by whoever holds it.

use std::time::Duration;

use chassis::telemetry::{propagation, request::RequestContext};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    domain::{CancelReason, OrderId},
    saga::{State, Step},
};

/// A saga that somebody holds.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct SagaRow {
    pub(crate) order_id: OrderId,
    pub(crate) state: String,
    pub(crate) step: String,
    pub(crate) payment_method: Option<Value>,
    pub(crate) payment_id: Option<Uuid>,
    pub(crate) reason: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) attempts: i32,
    pub(crate) lease_owner: Uuid,
    pub(crate) correlation_id: String,
    pub(crate) traceparent: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

const COLUMNS: &str = "order_id, state, step, payment_method, payment_id, reason, detail, attempts,
    lease_owner, correlation_id, traceparent, created_at";

/// Begins a saga at its first step, held by the caller.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    order_id: OrderId,
    payment_method: &Value,
    lease: Duration,
) -> sqlx::Result<SagaRow> {
    let sql = format!(
        "INSERT INTO sagas (order_id, state, step, payment_method, lease_owner, lease_until,
                            correlation_id, traceparent)
         VALUES ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6), $7, $8)
         RETURNING {COLUMNS}"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(order_id)
        .bind(State::Running.as_str())
        .bind(Step::FIRST.as_str())
        .bind(payment_method)
        .bind(Uuid::now_v7())
        .bind(lease.as_secs_f64())
        .bind(RequestContext::correlation_id())
        .bind(propagation::current_traceparent())
        .fetch_one(conn)
        .await
}

/// Takes sagas that are due and that nobody holds.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    limit: i64,
    lease: Duration,
) -> sqlx::Result<Vec<SagaRow>> {
    let sql = format!(
        "UPDATE sagas SET lease_owner = gen_random_uuid(),
                lease_until = clock_timestamp() + make_interval(secs => $2)
         WHERE order_id IN (
             SELECT order_id FROM sagas
             WHERE state IN ('running', 'compensating')
               AND next_attempt_at <= clock_timestamp() AND lease_until <= clock_timestamp()
             ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING {COLUMNS}"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(limit)
        .bind(lease.as_secs_f64())
        .fetch_all(conn)
        .await
}

/// What changes when an outcome is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Advance {
    pub(crate) state: State,
    pub(crate) step: Step,
    pub(crate) payment_id: Option<Uuid>,
    pub(crate) reason: Option<CancelReason>,
    pub(crate) detail: Option<String>,
}

/// Records the outcome of a step and keeps the lease. False if the lease was lost: somebody else has taken over, and
/// what we know they will find out.
pub(crate) async fn advance(
    conn: &mut PgConnection,
    saga: &SagaRow,
    to: &Advance,
    lease: Duration,
) -> sqlx::Result<bool> {
    // The payment method has served its purpose once the charge is decided.
    let keep_method = to.state == State::Running && matches!(to.step, Step::Reserve | Step::Charge);
    // A customer waits for every commit. How far a saga went forward may be forgotten in a crash of the database: its
    // steps are asked for again and answered as before, and undoing begins with the charge in any case.
    let forward = to.state == State::Running;
    let synchronous_commit = if forward { "off" } else { "on" };
    let done = sqlx::query(
        "UPDATE sagas SET state = $3, step = $4,
                payment_method = CASE WHEN $5 THEN payment_method END,
                payment_id = coalesce($6, payment_id), reason = coalesce($7, reason),
                detail = coalesce($8, detail), attempts = 0, last_error = NULL,
                lease_until = clock_timestamp() + make_interval(secs => $9),
                updated_at = clock_timestamp()
         WHERE order_id = $1 AND lease_owner = $2
           AND set_config('synchronous_commit', $10, true) = $10",
    )
    .bind(saga.order_id)
    .bind(saga.lease_owner)
    .bind(to.state.as_str())
    .bind(to.step.as_str())
    .bind(keep_method)
    .bind(to.payment_id)
    .bind(to.reason.map(CancelReason::as_str))
    .bind(&to.detail)
    .bind(lease.as_secs_f64())
    .bind(synchronous_commit)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes a failed attempt and gives the saga back, to be tried again later (or, when stuck, by a person).
pub(crate) async fn give_back(
    conn: &mut PgConnection,
    saga: &SagaRow,
    state: State,
    error: &str,
    wait: Duration,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE sagas SET state = $3, attempts = attempts + 1, last_error = $4,
                next_attempt_at = clock_timestamp() + make_interval(secs => $5),
                lease_until = clock_timestamp(), updated_at = clock_timestamp()
         WHERE order_id = $1 AND lease_owner = $2",
    )
    .bind(saga.order_id)
    .bind(saga.lease_owner)
    .bind(state.as_str())
    .bind(error)
    .bind(wait.as_secs_f64())
    .execute(conn)
    .await?;
    Ok(())
}

/// Turns a saga round, whoever holds it: a new lease owner fences the old one off. Returns the saga to run.
pub(crate) async fn turn_round(
    conn: &mut PgConnection,
    order_id: OrderId,
    from: Step,
    (reason, detail): (CancelReason, &str),
    lease: Duration,
) -> sqlx::Result<Option<SagaRow>> {
    let sql = format!(
        "UPDATE sagas SET state = 'compensating', step = $2, payment_method = NULL, reason = $3,
                detail = $4, attempts = 0, last_error = NULL, next_attempt_at = clock_timestamp(),
                lease_owner = gen_random_uuid(),
                lease_until = clock_timestamp() + make_interval(secs => $5),
                updated_at = clock_timestamp()
         WHERE order_id = $1 AND state IN ('running', 'completed')
         RETURNING {COLUMNS}"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(order_id)
        .bind(from.as_str())
        .bind(reason.as_str())
        .bind(detail)
        .bind(lease.as_secs_f64())
        .fetch_optional(conn)
        .await
}

/// Makes a saga due at once, because an event says that waiting has become pointless.
pub(crate) async fn hurry(conn: &mut PgConnection, order_id: OrderId) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE sagas SET next_attempt_at = clock_timestamp()
         WHERE order_id = $1 AND state IN ('running', 'compensating')",
    )
    .bind(order_id)
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a stuck saga a fresh set of attempts. False if it is not stuck.
pub(crate) async fn resume(conn: &mut PgConnection, order_id: OrderId) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE sagas SET state = 'compensating', attempts = 0, next_attempt_at = clock_timestamp(),
                updated_at = clock_timestamp()
         WHERE order_id = $1 AND state = 'stuck'",
    )
    .bind(order_id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Unfinished and stuck sagas, by state.
pub(crate) async fn open_by_state(conn: &mut PgConnection) -> sqlx::Result<Vec<(String, i64)>> {
    sqlx::query_as(
        "SELECT state, count(*) FROM sagas WHERE state IN ('running', 'compensating', 'stuck')
         GROUP BY state",
    )
    .fetch_all(conn)
    .await
}
