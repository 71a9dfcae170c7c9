//! Refunds by id, by payment and as a list.

use chassis::{
    db::Db,
    money::{Currency, Money},
};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};

use super::{Cursor, Listed};
use crate::domain::{
    ChargeId, PaymentId, Provider, RefundId,
    payment::{Metadata, Refund},
};

#[derive(FromRow)]
struct Row {
    id: RefundId,
    payment_id: PaymentId,
    charge_id: ChargeId,
    amount: i64,
    currency: Currency,
    reason: Option<String>,
    metadata: Json<Metadata>,
    created_at: DateTime<Utc>,
}

impl From<Row> for Refund {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            payment_id: row.payment_id,
            charge_id: row.charge_id,
            amount: Money::new(row.amount, row.currency),
            reason: row.reason,
            metadata: row.metadata.0,
            created_at: row.created_at,
        }
    }
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    provider: Provider,
    refund: &Refund,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO refunds (id, provider, payment_id, charge_id, amount, currency, reason, metadata, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(refund.id)
    .bind(provider)
    .bind(refund.payment_id)
    .bind(refund.charge_id)
    .bind(refund.amount.amount)
    .bind(refund.amount.currency)
    .bind(&refund.reason)
    .bind(Json(&refund.metadata))
    .bind(refund.created_at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn find(
    pool: &Db,
    provider: Provider,
    id: RefundId,
) -> sqlx::Result<Option<Refund>> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM refunds WHERE provider = $1 AND id = $2")
        .bind(provider)
        .bind(id)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(Refund::from))
}

/// All refunds, or those of one payment.
pub(crate) async fn list(
    pool: &Db,
    provider: Provider,
    payment: Option<PaymentId>,
    cursor: Cursor,
    limit: u32,
) -> sqlx::Result<Listed<Refund>> {
    let sql = if cursor.oldest_first() {
        "SELECT * FROM refunds WHERE provider = $1 AND id < $2 AND id > $3
             AND ($5::uuid IS NULL OR payment_id = $5) ORDER BY id LIMIT $4"
    } else {
        "SELECT * FROM refunds WHERE provider = $1 AND id < $2 AND id > $3
             AND ($5::uuid IS NULL OR payment_id = $5) ORDER BY id DESC LIMIT $4"
    };
    let (below, above) = cursor.bounds();
    let rows: Vec<Row> = sqlx::query_as(sql)
        .bind(provider)
        .bind(below)
        .bind(above)
        .bind(i64::from(limit) + 1)
        .bind(payment)
        .fetch_all(pool)
        .await?;
    Ok(Listed::cut(rows, cursor, limit).map(Refund::from))
}
