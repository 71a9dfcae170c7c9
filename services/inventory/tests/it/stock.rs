//! Stock: reading, restocking, importing.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Inventory, send};

#[tokio::test]
async fn stock_is_public_and_unknown_stock_is_404() {
    let inventory = Inventory::start().await;
    let product = inventory.product(7).await;
    let answer = send(inventory.request(Method::GET, &format!("/{product}"))).await;
    assert_eq!(
        answer.body,
        json!({
            "product_id": product,
            "received": 7, "available": 7, "reserved": 0, "sold": 0, "version": 1,
        })
    );
    let unknown = send(inventory.request(Method::GET, &format!("/{}", Uuid::now_v7()))).await;
    assert_eq!(
        (unknown.status.as_u16(), &unknown.body["code"]),
        (404, &json!("stock_not_found"))
    );
    inventory.finish().await;
}

#[tokio::test]
async fn a_batch_tells_the_known_from_the_missing() {
    let inventory = Inventory::start().await;
    let (one, two, unknown) = (
        inventory.product(1).await,
        inventory.product(2).await,
        Uuid::now_v7(),
    );
    let ids = json!({ "ids": [two, unknown, one, two] });
    let answer = send(inventory.request(Method::POST, "/batch").json(&ids)).await;
    let items = answer.body["items"].as_array().unwrap();
    let known: Vec<_> = items
        .iter()
        .map(|item| (&item["product_id"], &item["available"]))
        .collect();
    assert_eq!(known, [(&json!(one), &json!(1)), (&json!(two), &json!(2))]);
    assert_eq!(answer.body["missing"], json!([unknown]));
    inventory.finish().await;
}

#[tokio::test]
async fn a_restock_adds_units_and_says_so_in_an_event() {
    let inventory = Inventory::start().await;
    let product = inventory.product(5).await;
    let path = format!("/{product}/restock");
    let answer = send(
        inventory
            .as_admin(Method::POST, &path)
            .json(&json!({ "quantity": 3 })),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["available"], 8);
    let figures = |n: i64| {
        json!({
            "product_id": product, "received": n, "available": n, "reserved": 0, "sold": 0,
        })
    };
    let updated = |n| ("InventoryUpdated".to_owned(), figures(n));
    assert_eq!(inventory.events(product).await, [updated(5), updated(8)]);
    inventory.finish().await;
}

#[tokio::test]
async fn a_product_that_nobody_announced_yet_can_be_restocked() {
    let inventory = Inventory::start().await;
    let product = Uuid::now_v7();
    let path = format!("/{product}/restock");
    let answer = send(
        inventory
            .as_admin(Method::POST, &path)
            .json(&json!({ "quantity": 4 })),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(inventory.level(product).await, [4, 4, 0, 0]);
    inventory.finish().await;
}

#[tokio::test]
async fn a_restock_with_a_used_key_is_replayed_or_refused() {
    let inventory = Inventory::start().await;
    let (product, admin) = (inventory.product(0).await, Uuid::now_v7());
    let restock = async |admin, product: Uuid, quantity| {
        let token = inventory.auth.user_token(admin, &["admin"]);
        let request = inventory.request(Method::POST, &format!("/{product}/restock"));
        let request = request
            .bearer_auth(token)
            .header("idempotency-key", "delivery-1");
        send(request.json(&json!({ "quantity": quantity }))).await
    };
    let first = restock(admin, product, 3).await;
    let again = restock(admin, product, 3).await;
    assert!(!first.replayed && again.replayed);
    assert_eq!((first.status, first.body), (again.status, again.body));
    for other in [
        restock(admin, product, 4).await,
        restock(admin, Uuid::now_v7(), 3).await,
    ] {
        let code = &other.body["code"];
        assert_eq!(
            (other.status.as_u16(), code),
            (422, &json!("idempotency_key_reused"))
        );
    }
    let somebody_else = restock(Uuid::now_v7(), product, 10).await;
    assert!(!somebody_else.replayed);
    assert_eq!(inventory.level(product).await, [13, 13, 0, 0]);
    inventory.finish().await;
}

#[tokio::test]
async fn twenty_restocks_with_one_key_at_once_add_units_once() {
    let inventory = Inventory::start().await;
    let product = inventory.product(0).await;
    let token = inventory.auth.user_token(Uuid::now_v7(), &["admin"]);
    let restocks = (0..20).map(|_| {
        let request = inventory.request(Method::POST, &format!("/{product}/restock"));
        let request = request
            .bearer_auth(&token)
            .header("idempotency-key", "once");
        send(request.json(&json!({ "quantity": 5 })))
    });
    let answers = futures_util::future::join_all(restocks).await;
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert_eq!(inventory.level(product).await, [5, 5, 0, 0]);
    inventory.finish().await;
}

#[tokio::test]
async fn an_import_stocks_what_was_never_stocked_and_leaves_the_rest() {
    let inventory = Inventory::start().await;
    let (old, new, none) = (inventory.product(5).await, Uuid::now_v7(), Uuid::now_v7());
    let items = json!({ "items": [
        { "product_id": new, "quantity": 9 },
        { "product_id": old, "quantity": 100 },
        { "product_id": none, "quantity": 0 },
    ]});
    let import = async || {
        send(inventory.as_admin(Method::POST, "/import").json(&items))
            .await
            .body
    };
    assert_eq!(import().await, json!({ "stocked": 2, "unchanged": 1 }));
    assert_eq!(import().await, json!({ "stocked": 0, "unchanged": 3 }));
    for (product, quantity) in [(old, 5), (new, 9), (none, 0)] {
        assert_eq!(inventory.level(product).await, [quantity, quantity, 0, 0]);
        assert_eq!(inventory.events(product).await.len(), 1);
    }
    inventory.finish().await;
}

#[tokio::test]
async fn a_thousand_products_are_imported_at_once() {
    let inventory = Inventory::start().await;
    let items: Vec<_> = (0..1000)
        .map(|n| json!({ "product_id": Uuid::now_v7(), "quantity": n }))
        .collect();
    let body = json!({ "items": items });
    let answer = send(inventory.as_admin(Method::POST, "/import").json(&body)).await;
    assert_eq!(answer.body, json!({ "stocked": 1000, "unchanged": 0 }));
    inventory.finish().await;
}
