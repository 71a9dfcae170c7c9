//! The books: appended to, read by page and summed up, never changed.

use chassis::{db::Db, money::Currency};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{
    PaymentId,
    ledger::{Account, Direction, Movement, MovementKind},
};

/// One entry, as `GET /ledger` shows it. `amount` is minor units of `currency`.
#[derive(Debug, Serialize, FromRow, ToSchema)]
pub(crate) struct EntryRow {
    pub(crate) seq: i64,
    movement_id: Uuid,
    kind: MovementKind,
    account: Account,
    direction: Direction,
    amount: i64,
    currency: Currency,
    payment_id: PaymentId,
    order_id: Option<String>,
    created_at: DateTime<Utc>,
}

/// What was moved in one currency, in minor units.
#[derive(Debug, Serialize, FromRow, ToSchema)]
pub(crate) struct Totals {
    pub(crate) currency: Currency,
    captured: i64,
    refunded: i64,
    net: i64,
    charges: i64,
    refunds: i64,
}

/// Books a movement: both entries in one statement, which is what the balance trigger looks at.
pub(super) async fn append(conn: &mut PgConnection, movement: &Movement) -> sqlx::Result<()> {
    let [(debit, debits), (credit, credits)] = movement.accounts();
    sqlx::query(
        "INSERT INTO ledger_entries
             (movement_id, kind, account, direction, amount, currency, payment_id, order_id, created_at)
         VALUES ($1, $2, $3, $4, $7, $8, $9, $10, $11), ($1, $2, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(movement.id)
    .bind(movement.kind)
    .bind(debit)
    .bind(debits)
    .bind(credit)
    .bind(credits)
    .bind(movement.amount.amount)
    .bind(movement.amount.currency)
    .bind(movement.payment_id)
    .bind(&movement.order_id)
    .bind(movement.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Entries after `after_seq` in the order of booking, those of one order if given.
pub(crate) async fn page(
    pool: &Db,
    order_id: Option<&str>,
    after_seq: i64,
    limit: u32,
) -> sqlx::Result<Vec<EntryRow>> {
    let sql = if order_id.is_some() {
        "SELECT * FROM ledger_entries WHERE seq > $1 AND order_id = $3 ORDER BY seq LIMIT $2"
    } else {
        "SELECT * FROM ledger_entries WHERE seq > $1 AND $3::text IS NULL ORDER BY seq LIMIT $2"
    };
    sqlx::query_as(sql)
        .bind(after_seq)
        .bind(i64::from(limit))
        .bind(order_id)
        .fetch_all(pool)
        .await
}

/// Sums by currency, of the merchant's side.
pub(crate) async fn totals(pool: &Db) -> sqlx::Result<Vec<Totals>> {
    sqlx::query_as(
        "SELECT currency,
                coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0)::bigint AS captured,
                coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunded,
                sum(CASE kind WHEN 'capture' THEN amount ELSE -amount END)::bigint AS net,
                count(*) FILTER (WHERE kind = 'capture') AS charges,
                count(*) FILTER (WHERE kind = 'refund') AS refunds
         FROM ledger_entries WHERE account = 'merchant' GROUP BY currency ORDER BY currency",
    )
    .fetch_all(pool)
    .await
}
