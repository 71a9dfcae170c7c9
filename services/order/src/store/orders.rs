//! Reading orders.

use chassis::money::{Currency, Money};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::domain::{Line, Order, OrderId, Status};

/// The columns of an [`OrderRow`].
pub(super) const COLUMNS: &str =
    "id, user_id, status, cancelling, reason, detail, items, total, currency,
    refunded, payment_id, version, created_at, updated_at";

/// A row of the read model.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct OrderRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) status: String,
    pub(crate) cancelling: bool,
    pub(crate) reason: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) items: Json<Vec<Line>>,
    pub(crate) total: i64,
    pub(crate) currency: String,
    pub(crate) refunded: i64,
    pub(crate) payment_id: Option<Uuid>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl OrderRow {
    /// The currency of the order.
    pub(crate) fn currency(&self) -> Currency {
        self.currency
            .parse()
            .expect("only currencies of the shop are written")
    }

    fn into_order(self) -> Order {
        let currency = self.currency();
        Order {
            id: OrderId(self.id),
            user_id: self.user_id,
            status: self.status.parse().expect("constraint orders_status"),
            cancelling: self.cancelling,
            reason: self
                .reason
                .map(|reason| reason.parse().expect("only reasons are written")),
            detail: self.detail,
            items: self.items.0,
            total: Money::new(self.total, currency),
            refunded: self.refunded,
            payment_id: self.payment_id,
            version: self.version,
        }
    }
}

/// One order.
pub(crate) async fn find(conn: &mut PgConnection, id: OrderId) -> sqlx::Result<Option<OrderRow>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM orders WHERE id = $1"
    )))
    .bind(id)
    .fetch_optional(conn)
    .await
}

/// One order, as aggregate, with its row locked: whoever decides about an order does it alone.
pub(crate) async fn lock(conn: &mut PgConnection, id: OrderId) -> sqlx::Result<Option<Order>> {
    let sql = format!("SELECT {COLUMNS} FROM orders WHERE id = $1 FOR UPDATE");
    let row: Option<OrderRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(OrderRow::into_order))
}

pub(super) async fn all(conn: &mut PgConnection) -> sqlx::Result<Vec<OrderRow>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM orders")))
        .fetch_all(conn)
        .await
}

/// Which orders a list shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    /// Of this user; `None` for everybody's.
    pub(crate) user_id: Option<Uuid>,
    /// In this status.
    pub(crate) status: Option<Status>,
}

const FILTER: &str =
    "WHERE ($1::uuid IS NULL OR user_id = $1) AND ($2::text IS NULL OR status = $2)";

/// A page of orders, newest first, and how many there are in all.
pub(crate) async fn list(
    conn: &mut PgConnection,
    filter: Filter,
    (limit, offset): (i64, i64),
) -> sqlx::Result<(Vec<OrderRow>, i64)> {
    let status = filter.status.map(Status::as_str);
    let sql = format!("SELECT {COLUMNS} FROM orders {FILTER} ORDER BY id DESC LIMIT $3 OFFSET $4");
    let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(filter.user_id)
        .bind(status)
        .bind(limit)
        .bind(offset)
        .fetch_all(&mut *conn)
        .await?;
    let sql = format!("SELECT count(*) FROM orders {FILTER}");
    let total = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(filter.user_id)
        .bind(status)
        .fetch_one(conn)
        .await?;
    Ok((rows, total))
}

/// One line of a user's analytics.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct StatusTotal {
    pub(crate) status: String,
    pub(crate) currency: String,
    pub(crate) orders: i64,
    pub(crate) total: i64,
    pub(crate) refunded: i64,
}

/// A user's orders, counted and summed by status and currency.
pub(crate) async fn analytics(
    conn: &mut PgConnection,
    user_id: Uuid,
) -> sqlx::Result<Vec<StatusTotal>> {
    sqlx::query_as(
        "SELECT status, currency, count(*) AS orders, sum(total)::bigint AS total,
                sum(refunded)::bigint AS refunded
         FROM orders WHERE user_id = $1 GROUP BY status, currency ORDER BY status, currency",
    )
    .bind(user_id)
    .fetch_all(conn)
    .await
}
