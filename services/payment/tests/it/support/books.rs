//! What must hold at rest, whatever happened before.

use chassis::db::Db;
use uuid::Uuid;

use super::ledger::Ledger;

/// What the service believes is what the provider's ledger says, no order was charged twice, and every event has the
/// version of its place.
pub(crate) async fn assert_books_balance(pool: &Db, ledger: &Ledger) {
    let payments: Vec<(Uuid, String, i64, i64)> =
        sqlx::query_as("SELECT order_id, status, captured, refunded FROM payments")
            .fetch_all(pool)
            .await
            .unwrap();
    for (order, status, captured, refunded) in payments {
        let there = ledger.of(order).await;
        assert_eq!(
            (captured, refunded),
            (there.captured, there.refunded),
            "{status} {order}"
        );
        assert!(
            there.charges <= 1,
            "{order} was charged {} times",
            there.charges
        );
    }
    let silent: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "SELECT p.id, p.version, count(o.id) FROM payments p LEFT JOIN outbox o ON o.aggregate_id = p.id
         GROUP BY p.id HAVING p.version <> count(o.id)",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(silent.is_empty(), "(payment, version, events): {silent:?}");
    let report = payment::store::audit::verify(pool).await.unwrap();
    assert!(report.intact, "{report:?}");
}
