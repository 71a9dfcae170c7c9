//! Reservations: reserve, commit, release, each repeated, late, and out of order.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Answer, Inventory, lines};

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.body["code"]),
        (status, &json!(code)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn units_are_reserved_then_sold() {
    let inventory = Inventory::start().await;
    let (product, order) = (inventory.product(10).await, Uuid::now_v7());
    let reserved = inventory.reserve(order, &[(product, 3)]).await;
    assert_eq!(reserved.status, 201);
    assert_eq!(reserved.body["order_id"], json!(order));
    assert_eq!(reserved.body["status"], "held");
    assert_eq!(reserved.body["items"], lines(&[(product, 3)]));
    let expires: DateTime<Utc> = reserved.body["expires_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let minutes = (expires - Utc::now()).num_seconds() / 60;
    assert!((14..=15).contains(&minutes), "{minutes}");
    assert_eq!(inventory.level(product).await, [10, 7, 3, 0]);

    let committed = inventory.commit(order).await;
    assert_eq!(
        (committed.status.as_u16(), &committed.body["status"]),
        (200, &json!("committed"))
    );
    assert_eq!(inventory.level(product).await, [10, 7, 0, 3]);
    assert_eq!(inventory.reservation(order).await.body, committed.body);
    inventory.finish().await;
}

#[tokio::test]
async fn reserving_again_changes_nothing() {
    let inventory = Inventory::start().await;
    let (one, two) = (inventory.product(10).await, inventory.product(10).await);
    let order = Uuid::now_v7();
    let first = inventory.reserve(order, &[(one, 1), (two, 4)]).await;
    // The same basket, written in another way.
    let again = inventory
        .reserve(order, &[(two, 2), (one, 1), (two, 2)])
        .await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.body, again.body);
    assert_eq!(inventory.level(two).await, [10, 6, 4, 0]);

    let other = inventory.reserve(order, &[(one, 2), (two, 4)]).await;
    refused(&other, 422, "reservation_differs");
    assert_eq!(inventory.level(one).await, [10, 9, 1, 0]);
    inventory.finish().await;
}

#[tokio::test]
async fn a_basket_with_a_short_product_takes_nothing_of_any() {
    let inventory = Inventory::start().await;
    let (plenty, few, unknown) = (
        inventory.product(10).await,
        inventory.product(2).await,
        Uuid::now_v7(),
    );
    let order = Uuid::now_v7();
    let answer = inventory
        .reserve(order, &[(plenty, 1), (few, 3), (unknown, 1)])
        .await;
    refused(&answer, 409, "out_of_stock");
    let mut errors = vec![
        json!({ "field": few, "message": "3 wanted, 2 available" }),
        json!({ "field": unknown, "message": "1 wanted, 0 available" }),
    ];
    errors.sort_by_key(|error| error["field"].as_str().map(str::to_owned));
    assert_eq!(answer.body["errors"], json!(errors));
    assert_eq!(inventory.level(plenty).await, [10, 10, 0, 0]);
    assert!(inventory.events(order).await.is_empty());

    // A refused reserve leaves no trace, so that the order may try again with less.
    assert_eq!(inventory.reserve(order, &[(few, 2)]).await.status, 201);
    inventory.finish().await;
}

#[tokio::test]
async fn a_release_gives_back_what_was_reserved() {
    let inventory = Inventory::start().await;
    let (product, order) = (inventory.product(5).await, Uuid::now_v7());
    inventory.reserve(order, &[(product, 5)]).await;
    for _ in 0..2 {
        let released = inventory.release(order).await;
        assert_eq!(
            (released.status.as_u16(), &released.body["status"]),
            (200, &json!("released"))
        );
        assert_eq!(inventory.level(product).await, [5, 5, 0, 0]);
    }
    refused(&inventory.commit(order).await, 409, "reservation_closed");
    refused(
        &inventory.reserve(order, &[(product, 5)]).await,
        409,
        "reservation_closed",
    );
    inventory.finish().await;
}

#[tokio::test]
async fn a_commit_is_repeatable_and_a_sale_can_be_taken_back() {
    let inventory = Inventory::start().await;
    let (product, order) = (inventory.product(5).await, Uuid::now_v7());
    inventory.reserve(order, &[(product, 2)]).await;
    for _ in 0..2 {
        assert_eq!(inventory.commit(order).await.status, 200);
        assert_eq!(inventory.level(product).await, [5, 3, 0, 2]);
    }
    let same = inventory.reserve(order, &[(product, 2)]).await;
    assert_eq!(
        (same.status.as_u16(), &same.body["status"]),
        (200, &json!("committed"))
    );
    refused(
        &inventory.reserve(order, &[(product, 1)]).await,
        409,
        "reservation_closed",
    );
    for _ in 0..2 {
        assert_eq!(inventory.release(order).await.body["status"], "released");
        assert_eq!(inventory.level(product).await, [5, 5, 0, 0]);
    }
    refused(&inventory.commit(order).await, 409, "reservation_closed");
    inventory.finish().await;
}

#[tokio::test]
async fn a_reserve_that_arrives_after_its_release_takes_nothing() {
    let inventory = Inventory::start().await;
    let (product, order) = (inventory.product(5).await, Uuid::now_v7());
    for _ in 0..2 {
        let released = inventory.release(order).await;
        assert_eq!(released.status, 200);
        assert_eq!(
            released.body,
            json!({ "order_id": order, "status": "released", "items": [] })
        );
    }
    refused(
        &inventory.reserve(order, &[(product, 1)]).await,
        409,
        "reservation_closed",
    );
    refused(&inventory.commit(order).await, 409, "reservation_closed");
    assert_eq!(inventory.level(product).await, [5, 5, 0, 0]);
    assert!(inventory.events(order).await.is_empty());
    inventory.finish().await;
}

#[tokio::test]
async fn an_order_that_never_reserved_is_404() {
    let inventory = Inventory::start().await;
    let order = Uuid::now_v7();
    refused(&inventory.commit(order).await, 404, "reservation_not_found");
    refused(
        &inventory.reservation(order).await,
        404,
        "reservation_not_found",
    );
    inventory.finish().await;
}

#[tokio::test]
async fn a_basket_of_a_hundred_products_is_reserved_and_sold() {
    let inventory = Inventory::start().await;
    let mut items = Vec::new();
    for _ in 0..100 {
        items.push((inventory.product(1).await, 1));
    }
    let order = Uuid::now_v7();
    assert_eq!(inventory.reserve(order, &items).await.status, 201);
    assert_eq!(inventory.commit(order).await.status, 200);
    inventory.finish().await;
}
