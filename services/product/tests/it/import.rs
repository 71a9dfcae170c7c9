//! Import: the same catalogue again and again, as the lab does at each start.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Catalogue, lamp, refused, send};

fn with_id(id: Uuid, sku: &str) -> Value {
    let mut item = lamp(sku);
    item["id"] = json!(id);
    item
}

#[tokio::test]
async fn an_import_creates_updates_and_leaves_alone() {
    let catalogue = Catalogue::start().await;
    let ids = [(); 3].map(|()| Uuid::now_v7());
    let mut items = json!([with_id(ids[0], "A"), with_id(ids[1], "B")]);
    let told = |created, updated, unchanged| json!({ "created": created, "updated": updated, "unchanged": unchanged });
    assert_eq!(catalogue.import(&items).await.body, told(2, 0, 0));
    assert_eq!(catalogue.import(&items).await.body, told(0, 0, 2));
    items[1]["price"]["amount"] = json!(5);
    items.as_array_mut().unwrap().push(with_id(ids[2], "C"));
    assert_eq!(catalogue.import(&items).await.body, told(1, 1, 1));
    for (id, types) in [
        (ids[0], vec!["ProductCreated"]),
        (ids[1], vec!["ProductCreated", "ProductUpdated"]),
        (ids[2], vec!["ProductCreated"]),
    ] {
        let path = format!("/{id}");
        let events = catalogue.events(&path).await;
        assert_eq!(
            events
                .iter()
                .map(|event| event.0.as_str())
                .collect::<Vec<_>>(),
            types
        );
        assert_eq!(catalogue.get(&path).await.body["version"], events.len());
    }
    assert_eq!(
        catalogue.get(&format!("/{}", ids[1])).await.body["price"]["amount"],
        5
    );
}

#[tokio::test]
async fn importing_an_archived_product_sells_it_again() {
    let catalogue = Catalogue::start().await;
    let (id, items) = (Uuid::now_v7(), |id| json!([with_id(id, "A")]));
    catalogue.import(&items(id)).await;
    let path = format!("/{id}");
    send(catalogue.as_admin(Method::DELETE, &path)).await;
    assert_eq!(catalogue.import(&items(id)).await.body["updated"], 1);
    assert_eq!(catalogue.get(&path).await.body["version"], 3);
}

#[tokio::test]
async fn an_import_that_would_take_anothers_sku_changes_nothing_and_names_it() {
    let catalogue = Catalogue::start().await;
    catalogue.product(lamp("MINE")).await;
    let items = json!([
        with_id(Uuid::now_v7(), "FREE"),
        with_id(Uuid::now_v7(), "MINE")
    ]);
    let answer = catalogue.import(&items).await;
    refused(&answer, 409, "sku_taken");
    assert_eq!(
        answer.body["errors"],
        json!([{ "field": "sku", "message": "MINE" }])
    );
    assert_eq!(catalogue.get("").await.body["total"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_import_ten_times_at_once_creates_each_product_once() {
    let catalogue = Catalogue::start().await;
    let items: Vec<_> = (0..50)
        .map(|n| with_id(Uuid::now_v7(), &format!("SKU-{n}")))
        .collect();
    let items = json!(items);
    let answers = futures_util::future::join_all((0..10).map(|_| catalogue.import(&items))).await;
    let mut created = 0;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        created += answer.body["created"].as_u64().unwrap();
        assert_eq!(answer.body["updated"], 0);
    }
    assert_eq!(created, 50);
}

#[tokio::test]
async fn five_hundred_products_are_imported_at_once() {
    let catalogue = Catalogue::start().await;
    let items: Vec<_> = (0..500)
        .map(|n| with_id(Uuid::now_v7(), &format!("SKU-{n}")))
        .collect();
    assert_eq!(catalogue.import(&json!(items)).await.body["created"], 500);
    assert_eq!(catalogue.get("?limit=1").await.body["total"], 500);
}
