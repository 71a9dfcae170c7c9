//! Reads the books: consumers' inboxes first, then everything else, a database at a time.

use std::collections::HashSet;

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::{Books, Sources, Unapplied, Unpublished};
use crate::{AuditError, history::Keys};

/// Which consumer must have applied which events of whom. A new consumer belongs here.
struct Subscription {
    consumer: &'static str,
    types: &'static [&'static str],
}

const ORDER_PAYMENTS: Subscription = Subscription {
    consumer: "order.payments",
    types: &["PaymentCompleted", "PaymentFailed", "PaymentRefunded"],
};
const INVENTORY_ORDERS: Subscription = Subscription {
    consumer: "inventory.orders",
    types: &["OrderCancelled"],
};
const INVENTORY_PRODUCTS: Subscription = Subscription {
    consumer: "inventory.products",
    types: &["ProductCreated"],
};

/// Reads everything.
///
/// # Errors
/// A database that cannot be read.
pub async fn load(sources: &Sources) -> Result<Books, AuditError> {
    let mut books = Books {
        dead_letters: sources.dead_letters.len(),
        history: sources.history.clone(),
        forgiven: sources.forgiven.clone(),
        ..Books::default()
    };
    // Consumers first: an event published after their inbox was read is then not counted as missing from it.
    let mut order = connect("order", &sources.order).await?;
    let mut inventory = connect("inventory", &sources.inventory).await?;
    let order_inbox = inbox(&mut order, ORDER_PAYMENTS.consumer)
        .await
        .map_err(of("order"))?;
    let (orders_inbox, products_inbox) = {
        let conn = &mut inventory;
        let orders = inbox(conn, INVENTORY_ORDERS.consumer)
            .await
            .map_err(of("inventory"))?;
        let products = inbox(conn, INVENTORY_PRODUCTS.consumer)
            .await
            .map_err(of("inventory"))?;
        (orders, products)
    };
    let mut payment = connect("payment", &sources.payment).await?;
    let mut product = connect("product", &sources.product).await?;
    let mut user = connect("user", &sources.user).await?;
    let mut psp = connect("psp", &sources.psp).await?;

    for (conn, subscription, applied, service) in [
        (&mut payment, &ORDER_PAYMENTS, &order_inbox, "payment"),
        (&mut order, &INVENTORY_ORDERS, &orders_inbox, "order"),
        (
            &mut product,
            &INVENTORY_PRODUCTS,
            &products_inbox,
            "product",
        ),
    ] {
        let published = published(conn, subscription.types)
            .await
            .map_err(of(service))?;
        let missing = published
            .into_iter()
            .filter(|(id, _)| !applied.contains(id) && !sources.dead_letters.contains(id))
            .collect();
        books.unapplied.push(Unapplied {
            consumer: subscription.consumer,
            events: missing,
        });
    }
    for (conn, service) in [
        (&mut order, "order"),
        (&mut payment, "payment"),
        (&mut inventory, "inventory"),
        (&mut product, "product"),
        (&mut user, "user"),
    ] {
        let (waiting, published) = outbox(conn).await.map_err(of(service))?;
        books.unpublished.push(Unpublished {
            service,
            events: waiting,
        });
        books.published += published;
    }
    read_orders(&mut order, &mut books)
        .await
        .map_err(of("order"))?;
    if books.history.is_some() {
        books.keys = keys(&mut order).await.map_err(of("order"))?;
    }
    books.payments = sqlx::query_as("SELECT order_id, status, captured, refunded FROM payments")
        .fetch_all(&mut payment)
        .await
        .map_err(of("payment"))?;
    read_stock(&mut inventory, &mut books)
        .await
        .map_err(of("inventory"))?;
    read_ledger(&mut psp, &mut books).await.map_err(of("psp"))?;
    Ok(books)
}

async fn connect(service: &'static str, url: &str) -> Result<PgConnection, AuditError> {
    PgConnection::connect(url).await.map_err(of(service))
}

fn of(service: &'static str) -> impl Fn(sqlx::Error) -> AuditError {
    move |source| AuditError { service, source }
}

async fn inbox(conn: &mut PgConnection, consumer: &str) -> sqlx::Result<HashSet<Uuid>> {
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT event_id FROM inbox WHERE consumer = $1")
        .bind(consumer)
        .fetch_all(conn)
        .await?;
    Ok(ids.into_iter().collect())
}

/// Of the last 14 days: a day less than consumers remember what they applied.
async fn published(conn: &mut PgConnection, types: &[&str]) -> sqlx::Result<Vec<(Uuid, Uuid)>> {
    sqlx::query_as(
        "SELECT id, aggregate_id FROM outbox
         WHERE event_type = ANY($1) AND published_at > now() - interval '14 days'",
    )
    .bind(types)
    .fetch_all(conn)
    .await
}

async fn outbox(conn: &mut PgConnection) -> sqlx::Result<(Vec<Uuid>, i64)> {
    let waiting =
        sqlx::query_scalar("SELECT id FROM outbox WHERE published_at IS NULL ORDER BY seq")
            .fetch_all(&mut *conn)
            .await?;
    let published =
        sqlx::query_scalar("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL")
            .fetch_one(conn)
            .await?;
    Ok((waiting, published))
}

async fn read_orders(conn: &mut PgConnection, books: &mut Books) -> sqlx::Result<()> {
    // The stream is read from its events, not from what the read model made of them.
    books.orders = sqlx::query_as(
        "SELECT coalesce(o.id, stream.id) AS id, coalesce(o.status, 'missing') AS status,
                coalesce(o.total, 0) AS total, coalesce(o.refunded, 0) AS refunded,
                coalesce(o.version, 0) AS version, stream.version AS stream_version,
                stream.status AS stream_status, s.state AS saga, s.traceparent
         FROM orders o
         FULL JOIN (
             SELECT aggregate_id AS id, max(aggregate_version) AS version,
                    coalesce((array_agg(
                        CASE event_type WHEN 'OrderPaid' THEN 'paid'
                                        WHEN 'OrderCancelled' THEN 'cancelled'
                                        WHEN 'OrderStatusChanged' THEN data ->> 'to' END
                        ORDER BY aggregate_version DESC)
                        FILTER (WHERE event_type IN ('OrderPaid', 'OrderCancelled', 'OrderStatusChanged')))[1],
                        'pending') AS status
             FROM outbox WHERE topic = 'order.events' GROUP BY aggregate_id
         ) stream ON stream.id = o.id
         LEFT JOIN sagas s ON s.order_id = coalesce(o.id, stream.id)",
    )
    .fetch_all(&mut *conn)
    .await?;
    let units: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT id, (SELECT sum((item ->> 'quantity')::bigint)::bigint
                     FROM jsonb_array_elements(items) AS item) FROM orders",
    )
    .fetch_all(conn)
    .await?;
    books.ordered_units = units.into_iter().collect();
    Ok(())
}

/// Which order each key has made. Keys are kept for a day; histories are younger.
async fn keys(conn: &mut PgConnection) -> sqlx::Result<Keys> {
    let rows: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT key, resource_id FROM idempotency
         WHERE scope LIKE 'order.create:%' AND resource_id IS NOT NULL",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().collect())
}

async fn read_stock(conn: &mut PgConnection, books: &mut Books) -> sqlx::Result<()> {
    books.stock = sqlx::query_as(
        "SELECT s.product_id, received, available, reserved, sold,
                coalesce(sum(i.quantity) FILTER (WHERE r.status = 'held'), 0)::bigint AS held_items,
                coalesce(sum(i.quantity) FILTER (WHERE r.status = 'committed'), 0)::bigint AS committed_items
         FROM stock s
         LEFT JOIN reservation_items i USING (product_id)
         LEFT JOIN reservations r USING (order_id)
         GROUP BY s.product_id",
    )
    .fetch_all(&mut *conn)
    .await?;
    books.reservations = sqlx::query_as(
        "SELECT r.order_id, r.status, coalesce(sum(i.quantity), 0)::bigint AS units
         FROM reservations r LEFT JOIN reservation_items i USING (order_id) GROUP BY r.order_id",
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

async fn read_ledger(conn: &mut PgConnection, books: &mut Books) -> sqlx::Result<()> {
    books.ledger = sqlx::query_as(
        "SELECT coalesce(order_id, '') AS order_id,
                count(*) FILTER (WHERE kind = 'capture') AS captures,
                coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0)::bigint AS captured,
                coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunded
         FROM ledger_entries WHERE account = 'merchant' GROUP BY 1",
    )
    .fetch_all(&mut *conn)
    .await?;
    books.ledger_imbalance = sqlx::query_scalar(
        "SELECT coalesce(sum(CASE direction WHEN 'debit' THEN amount ELSE -amount END), 0)::bigint
         FROM ledger_entries",
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}
