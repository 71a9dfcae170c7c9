//! What inventory relies on: that product and order tell of new products and of cancelled orders.

use chassis::{events::Handle as _, metrics::Metrics, testing};
use inventory::{
    metrics::StockMetrics,
    store::MIGRATOR,
    worker::{orders::Orders, products::Products},
};
use pact_consumer::{json_pattern, json_pattern_internal};

use crate::{
    recording::Recording,
    words::{ORDER, PRODUCT, uuid},
};

#[tokio::test(flavor = "multi_thread")]
async fn inventory_reads_of_new_products() {
    let mut pact = Recording::between("inventory", "product");
    let event = pact.read(
        "ProductCreated",
        json_pattern!({ "product_id": uuid(PRODUCT) }),
    );
    let db = testing::database(&MIGRATOR).await;
    let mut conn = db.pool.acquire().await.unwrap();
    Products.handle(&mut conn, &event).await.unwrap();
    let (rows,): (i64,) = sqlx::query_as("SELECT count(*) FROM stock WHERE product_id = $1")
        .bind(PRODUCT)
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert_eq!(rows, 1);
    pact.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn inventory_reads_of_cancelled_orders() {
    let mut pact = Recording::between("inventory", "order");
    let event = pact.read("OrderCancelled", json_pattern!({ "order_id": uuid(ORDER) }));
    let db = testing::database(&MIGRATOR).await;
    let mut conn = db.pool.acquire().await.unwrap();
    let orders = Orders::new(StockMetrics::register(&Metrics::new("inventory")));
    orders.handle(&mut conn, &event).await.unwrap();
    let (status,): (String,) =
        sqlx::query_as("SELECT status FROM reservations WHERE order_id = $1")
            .bind(ORDER)
            .fetch_one(&mut *conn)
            .await
            .unwrap();
    assert_eq!(status, "released", "no late reserve may come through");
    pact.finish();
}
