//! What is written to the outbox, and what the consumers do through their inbox: once for each event, however often it
//! is delivered.

use chassis::{
    events::{Applied, Apply as _, ApplyError, Event, Inbox},
    metrics::Metrics,
};
use chrono::Utc;
use inventory::{
    metrics::StockMetrics,
    worker::{
        orders::{self, Orders},
        products::{self, Products},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Inventory, lines};

fn event(event_type: &str, subject: Uuid, data: Value) -> Event {
    Event {
        id: Uuid::now_v7(),
        source: "/services/elsewhere".to_owned(),
        event_type: event_type.to_owned(),
        subject,
        sequence: 1,
        time: Utc::now(),
        correlation_id: "req-of-the-cause".to_owned(),
        data_version: 1,
        data,
        trace: Default::default(),
    }
}

fn cancelled(order: Uuid) -> Event {
    let user = Uuid::now_v7();
    event(
        "OrderCancelled",
        order,
        json!({ "order_id": order, "user_id": user, "reason": "x" }),
    )
}

fn orders_inbox(inventory: &Inventory) -> Inbox<Orders> {
    let metrics = StockMetrics::register(&Metrics::new("test"));
    Inbox::new(
        inventory.pool().clone(),
        orders::GROUP,
        Orders::new(metrics),
    )
}

#[tokio::test]
async fn the_life_of_a_reservation_is_told_in_order() {
    let inventory = Inventory::start().await;
    let (product, order) = (inventory.product(5).await, Uuid::now_v7());
    inventory.reserve(order, &[(product, 2)]).await;
    inventory.commit(order).await;
    inventory.release(order).await;
    let items = lines(&[(product, 2)]);
    let told = |event_type: &str, data| (event_type.to_owned(), data);
    assert_eq!(
        inventory.events(order).await,
        [
            told(
                "InventoryReserved",
                json!({ "order_id": order, "items": items })
            ),
            told(
                "InventoryCommitted",
                json!({ "order_id": order, "items": items })
            ),
            told(
                "InventoryReleased",
                json!({ "order_id": order, "items": items, "reason": "requested" })
            ),
        ]
    );
    inventory.finish().await;
}

#[tokio::test]
async fn an_event_carries_the_request_id_of_its_cause() {
    let inventory = Inventory::start().await;
    let (product, order) = (inventory.product(5).await, Uuid::now_v7());
    let path = format!("/reservations/{order}");
    let request = inventory
        .as_order(reqwest::Method::PUT, &path)
        .header("x-request-id", "r-17");
    let answer =
        crate::support::send(request.json(&json!({ "items": lines(&[(product, 1)]) }))).await;
    assert_eq!(answer.status, 201);
    orders_inbox(&inventory)
        .apply(&cancelled(order))
        .await
        .unwrap();
    let ids: Vec<String> = sqlx::query_scalar(
        "SELECT correlation_id FROM outbox WHERE aggregate_id = $1 ORDER BY aggregate_version",
    )
    .bind(order)
    .fetch_all(inventory.pool())
    .await
    .unwrap();
    assert_eq!(ids, ["r-17", "req-of-the-cause"]);
    inventory.finish().await;
}

#[tokio::test]
async fn a_new_product_gets_a_row_at_zero_once_and_keeps_its_stock() {
    let inventory = Inventory::start().await;
    let inbox = Inbox::new(inventory.pool().clone(), products::GROUP, Products);
    let (product, early) = (Uuid::now_v7(), inventory.product(3).await);
    let created = event(
        "ProductCreated",
        product,
        json!({ "product_id": product, "sku": "A" }),
    );
    assert_eq!(inbox.apply(&created).await.unwrap(), Applied::Done);
    assert_eq!(inventory.level(product).await, [0, 0, 0, 0]);
    assert_eq!(inbox.apply(&created).await.unwrap(), Applied::Duplicate);

    let late = event("ProductCreated", early, json!({ "product_id": early }));
    assert_eq!(inbox.apply(&late).await.unwrap(), Applied::Done);
    assert_eq!(inventory.level(early).await, [3, 3, 0, 0]);

    let other = event("ProductUpdated", product, json!({ "product_id": product }));
    assert_eq!(inbox.apply(&other).await.unwrap(), Applied::Ignored);
    inventory.finish().await;
}

#[tokio::test]
async fn a_product_at_zero_can_still_be_imported() {
    let inventory = Inventory::start().await;
    let inbox = Inbox::new(inventory.pool().clone(), products::GROUP, Products);
    let product = Uuid::now_v7();
    let created = event("ProductCreated", product, json!({ "product_id": product }));
    inbox.apply(&created).await.unwrap();
    let items = json!({ "items": [{ "product_id": product, "quantity": 6 }] });
    let request = inventory
        .as_admin(reqwest::Method::POST, "/import")
        .json(&items);
    assert_eq!(crate::support::send(request).await.body["stocked"], 1);
    assert_eq!(inventory.level(product).await, [6, 6, 0, 0]);
    inventory.finish().await;
}

#[tokio::test]
async fn a_cancelled_order_gives_its_units_back_once() {
    let inventory = Inventory::start().await;
    let inbox = orders_inbox(&inventory);
    let (product, held, sold) = (inventory.product(9).await, Uuid::now_v7(), Uuid::now_v7());
    inventory.reserve(held, &[(product, 2)]).await;
    inventory.reserve(sold, &[(product, 3)]).await;
    inventory.commit(sold).await;
    for order in [held, sold] {
        let first = cancelled(order);
        assert_eq!(inbox.apply(&first).await.unwrap(), Applied::Done);
        assert_eq!(inbox.apply(&first).await.unwrap(), Applied::Duplicate);
        // Another event that says the same has no second effect either.
        assert_eq!(inbox.apply(&cancelled(order)).await.unwrap(), Applied::Done);
        let last = inventory.events(order).await.pop().unwrap();
        assert_eq!(
            (last.0.as_str(), &last.1["reason"]),
            ("InventoryReleased", &json!("order_cancelled"))
        );
    }
    assert_eq!(inventory.level(product).await, [9, 9, 0, 0]);
    inventory.finish().await;
}

#[tokio::test]
async fn a_cancellation_that_overtakes_its_reserve_closes_the_order() {
    let inventory = Inventory::start().await;
    let (product, order) = (inventory.product(9).await, Uuid::now_v7());
    orders_inbox(&inventory)
        .apply(&cancelled(order))
        .await
        .unwrap();
    let late = inventory.reserve(order, &[(product, 2)]).await;
    assert_eq!(late.body["code"], "reservation_closed");
    assert_eq!(inventory.level(product).await, [9, 9, 0, 0]);
    inventory.finish().await;
}

#[tokio::test]
async fn an_event_that_lacks_what_we_read_is_poison_and_leaves_no_note() {
    let inventory = Inventory::start().await;
    for data in [
        json!({}),
        json!({ "order_id": "seven" }),
        json!([]),
        json!(null),
    ] {
        let bad = event("OrderCancelled", Uuid::now_v7(), data);
        let refused = orders_inbox(&inventory).apply(&bad).await;
        assert!(matches!(refused, Err(ApplyError::Poison(_))), "{refused:?}");
    }
    let noted: i64 = sqlx::query_scalar("SELECT count(*) FROM inbox")
        .fetch_one(inventory.pool())
        .await
        .unwrap();
    assert_eq!(noted, 0);
    inventory.finish().await;
}
