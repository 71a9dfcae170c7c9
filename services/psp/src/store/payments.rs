//! Payments by id, by charge, by order and as a list.

use chassis::{
    db::Db,
    money::{Currency, Money},
};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::{Cursor, Listed};
use crate::domain::{
    ChargeId, PaymentId, Provider,
    payment::{CaptureMethod, Metadata, Payment, Status},
    token::{Decline, TestToken},
};

/// Which payment is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    Payment(PaymentId),
    Charge(ChargeId),
}

#[derive(FromRow)]
struct Row {
    id: PaymentId,
    provider: Provider,
    status: Status,
    amount: i64,
    currency: Currency,
    capture_method: CaptureMethod,
    token: Option<String>,
    decline: Option<Decline>,
    charge_id: Option<ChargeId>,
    captured: i64,
    refunded: i64,
    order_id: Option<String>,
    description: Option<String>,
    metadata: Json<Metadata>,
    cancellation_reason: Option<String>,
    canceled_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Payment {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            provider: row.provider,
            status: row.status,
            amount: Money::new(row.amount, row.currency),
            capture_method: row.capture_method,
            token: row.token.as_deref().and_then(TestToken::find),
            decline: row.decline,
            charge_id: row.charge_id,
            captured: row.captured,
            refunded: row.refunded,
            order_id: row.order_id,
            description: row.description,
            metadata: row.metadata.0,
            cancellation_reason: row.cancellation_reason,
            canceled_at: row.canceled_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

pub(super) async fn insert(conn: &mut PgConnection, payment: &Payment) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO payments (id, provider, status, amount, currency, capture_method, token, decline, charge_id,
             captured, refunded, order_id, description, metadata, cancellation_reason, canceled_at, created_at,
             updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(payment.id)
    .bind(payment.provider)
    .bind(payment.status)
    .bind(payment.amount.amount)
    .bind(payment.amount.currency)
    .bind(payment.capture_method)
    .bind(payment.token.map(|token| token.name))
    .bind(payment.decline)
    .bind(payment.charge_id)
    .bind(payment.captured)
    .bind(payment.refunded)
    .bind(&payment.order_id)
    .bind(&payment.description)
    .bind(Json(&payment.metadata))
    .bind(&payment.cancellation_reason)
    .bind(payment.canceled_at)
    .bind(payment.created_at)
    .bind(payment.updated_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what a command can change; the rest of a payment is fixed when it is made.
pub(super) async fn update(conn: &mut PgConnection, payment: &Payment) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE payments SET status = $2, token = $3, decline = $4, charge_id = $5, captured = $6, refunded = $7,
             cancellation_reason = $8, canceled_at = $9, updated_at = $10
         WHERE id = $1",
    )
    .bind(payment.id)
    .bind(payment.status)
    .bind(payment.token.map(|token| token.name))
    .bind(payment.decline)
    .bind(payment.charge_id)
    .bind(payment.captured)
    .bind(payment.refunded)
    .bind(&payment.cancellation_reason)
    .bind(payment.canceled_at)
    .bind(payment.updated_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Reads a payment for changing it: commands on one payment happen one after the other.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    provider: Provider,
    target: Target,
) -> sqlx::Result<Option<Payment>> {
    let (sql, id) = match target {
        Target::Payment(PaymentId(id)) => (
            "SELECT * FROM payments WHERE provider = $1 AND id = $2 FOR UPDATE",
            id,
        ),
        Target::Charge(ChargeId(id)) => (
            "SELECT * FROM payments WHERE provider = $1 AND charge_id = $2 FOR UPDATE",
            id,
        ),
    };
    let row: Option<Row> = sqlx::query_as(sql)
        .bind(provider)
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(Payment::from))
}

pub(crate) async fn find(
    pool: &Db,
    provider: Provider,
    target: Target,
) -> sqlx::Result<Option<Payment>> {
    let (sql, id) = match target {
        Target::Payment(PaymentId(id)) => {
            ("SELECT * FROM payments WHERE provider = $1 AND id = $2", id)
        }
        Target::Charge(ChargeId(id)) => (
            "SELECT * FROM payments WHERE provider = $1 AND charge_id = $2",
            id,
        ),
    };
    let row: Option<Row> = sqlx::query_as(sql)
        .bind(provider)
        .bind(id)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(Payment::from))
}

pub(crate) async fn list(
    pool: &Db,
    provider: Provider,
    cursor: Cursor,
    limit: u32,
) -> sqlx::Result<Listed<Payment>> {
    let sql = if cursor.oldest_first() {
        "SELECT * FROM payments WHERE provider = $1 AND id < $2 AND id > $3 ORDER BY id LIMIT $4"
    } else {
        "SELECT * FROM payments WHERE provider = $1 AND id < $2 AND id > $3 ORDER BY id DESC LIMIT $4"
    };
    let (below, above) = cursor.bounds();
    let rows: Vec<Row> = sqlx::query_as(sql)
        .bind(provider)
        .bind(below)
        .bind(above)
        .bind(i64::from(limit) + 1)
        .fetch_all(pool)
        .await?;
    Ok(Listed::cut(rows, cursor, limit).map(Payment::from))
}

/// Payments of a merchant's order, newest first, those older than `older_than` if given.
pub(crate) async fn of_order(
    pool: &Db,
    provider: Provider,
    order_id: &str,
    older_than: Option<Uuid>,
    limit: u32,
) -> sqlx::Result<Listed<Payment>> {
    let cursor = older_than.map_or(Cursor::First, Cursor::After);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM payments WHERE order_id = $1 AND provider = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
    )
    .bind(order_id)
    .bind(provider)
    .bind(cursor.bounds().0)
    .bind(i64::from(limit) + 1)
    .fetch_all(pool)
    .await?;
    Ok(Listed::cut(rows, cursor, limit).map(Payment::from))
}
