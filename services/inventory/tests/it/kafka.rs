//! The whole way of an event over a real broker: somebody else's outbox → Kafka → our inbox, and our outbox → Kafka.

use chassis::{
    events::{NewEvent, Outbox, Relay, RelayConfig, outbox},
    metrics::Metrics,
    service::Tasks,
    testing::{self, wait_for},
};
use serde_json::json;
use sqlx::migrate::Migrator;
use uuid::Uuid;

use crate::support::{Inventory, LIMIT, assert_books_balance};

fn cancelled(order: Uuid) -> NewEvent {
    NewEvent {
        topic: "order.events",
        aggregate_id: order,
        aggregate_version: 2,
        event_type: "OrderCancelled",
        data_version: 1,
        data: json!({ "order_id": order, "reason": "payment_declined" }),
        correlation_id: "req-1".to_owned(),
    }
}

fn created(product: Uuid) -> NewEvent {
    NewEvent {
        topic: "product.events",
        aggregate_id: product,
        aggregate_version: 1,
        event_type: "ProductCreated",
        data_version: 1,
        data: json!({ "product_id": product, "sku": "A-1", "name": "A" }),
        correlation_id: "req-2".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_orders_and_products_arrive_and_ours_are_published() {
    let brokers = testing::env("TEST_KAFKA_BROKERS");
    let inventory = Inventory::start_with(&brokers, &[]).await;
    let (product, order, announced) = (inventory.product(5).await, Uuid::now_v7(), Uuid::now_v7());
    inventory.reserve(order, &[(product, 2)]).await;

    let elsewhere = testing::database(&Migrator::DEFAULT).await;
    let mut conn = elsewhere.pool.acquire().await.unwrap();
    outbox::append_all(&mut conn, &[cancelled(order), created(announced)])
        .await
        .unwrap();
    let (tasks, metrics) = (Tasks::default(), Metrics::new("elsewhere"));
    let config = RelayConfig::new(&brokers, "elsewhere", &["order.events", "product.events"]);
    Relay::spawn(
        &tasks,
        &metrics,
        &elsewhere.pool,
        &Outbox::default(),
        config,
    );

    wait_for(LIMIT, async || {
        inventory.reservation(order).await.body["status"] == "released"
    })
    .await;
    wait_for(LIMIT, async || {
        let path = format!("/{announced}");
        let answer = crate::support::send(inventory.request(reqwest::Method::GET, &path)).await;
        answer.status == 200
    })
    .await;
    wait_for(LIMIT, async || unpublished(&inventory).await == 0).await;
    assert_eq!(inventory.level(product).await, [5, 5, 0, 0]);
    assert!(tasks.stop(LIMIT).await);
    assert_books_balance(inventory.pool()).await;
    assert!(
        inventory.running.stop().await,
        "with Kafka there, everything drains in time"
    );
}

async fn unpublished(inventory: &Inventory) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM outbox WHERE published_at IS NULL")
        .fetch_one(inventory.pool())
        .await
        .unwrap()
}
