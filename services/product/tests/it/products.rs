//! The life of a product: created, read, changed, archived.

use chassis::{metrics::Exposition, testing::scrape::Scrape};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Catalogue, lamp, refused, send};

#[tokio::test]
async fn a_created_product_is_found_where_location_says() {
    let catalogue = Catalogue::start().await;
    let created = catalogue.create(lamp("LAMP-1")).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.etag.as_deref(), Some("\"1\""));
    let location = created.location.unwrap();
    let url = format!("{}{location}", catalogue.running.url());
    let read = send(catalogue.client.get(url)).await;
    assert_eq!((read.status.as_u16(), &read.body), (200, &created.body));
    assert_eq!(read.etag.as_deref(), Some("\"1\""));
    for (field, value) in lamp("LAMP-1").as_object().unwrap() {
        assert_eq!(&read.body[field], value);
    }
    assert_eq!(read.body["version"], 1);
}

#[tokio::test]
async fn two_products_cannot_have_one_sku_unless_one_is_archived() {
    let catalogue = Catalogue::start().await;
    let first = catalogue.product(lamp("LAMP-1")).await;
    refused(&catalogue.create(lamp("LAMP-1")).await, 409, "sku_taken");
    let second = catalogue.product(lamp("LAMP-2")).await;
    let patch = json!({ "sku": "LAMP-1" });
    let stolen = send(catalogue.as_admin(Method::PATCH, &second).json(&patch)).await;
    refused(&stolen, 409, "sku_taken");
    assert_eq!(
        send(catalogue.as_admin(Method::DELETE, &first))
            .await
            .status,
        204
    );
    assert_eq!(catalogue.create(lamp("LAMP-1")).await.status, 201);
}

#[tokio::test]
async fn of_twenty_products_with_one_sku_at_once_one_is_created() {
    let catalogue = Catalogue::start().await;
    let creates = (0..20).map(|_| catalogue.create(lamp("LAMP-1")));
    let answers = futures_util::future::join_all(creates).await;
    let count = |status| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!((count(201), count(409)), (1, 19), "{answers:?}");
}

#[tokio::test]
async fn put_replaces_everything_and_patch_what_it_names() {
    let catalogue = Catalogue::start().await;
    let path = catalogue.product(lamp("LAMP-1")).await;
    let patch = json!({ "price": { "amount": 2499, "currency": "EUR" }, "name": null });
    let patched = send(catalogue.as_admin(Method::PATCH, &path).json(&patch)).await;
    assert_eq!(
        (patched.status.as_u16(), patched.etag.as_deref()),
        (200, Some("\"2\""))
    );
    assert_eq!(patched.body["price"], patch["price"]);
    assert_eq!(patched.body["name"], "Desk lamp");
    // The very next read sees the new price: nothing in between remembers the old one.
    assert_eq!(catalogue.get(&path).await.body, patched.body);

    let bare = json!({
        "sku": "LAMP-9", "name": "Lamp", "category": "other",
        "price": { "amount": 1, "currency": "USD" },
    });
    let replaced = send(catalogue.as_admin(Method::PUT, &path).json(&bare)).await;
    assert_eq!(replaced.body["version"], 3);
    assert_eq!(replaced.body["description"], "");
    assert_eq!(replaced.body["attributes"], json!({}));
    assert_eq!(replaced.body["created_at"], patched.body["created_at"]);
    assert!(replaced.body["updated_at"].as_str() > patched.body["updated_at"].as_str());
}

#[tokio::test]
async fn a_change_that_changes_nothing_makes_no_version_and_no_event() {
    let catalogue = Catalogue::start().await;
    let path = catalogue.product(lamp("LAMP-1")).await;
    for method in [Method::PUT, Method::PATCH] {
        let same = send(catalogue.as_admin(method, &path).json(&lamp("LAMP-1"))).await;
        assert_eq!(
            (same.status.as_u16(), same.etag.as_deref()),
            (200, Some("\"1\""))
        );
    }
    assert_eq!(catalogue.events(&path).await.len(), 1);
}

#[tokio::test]
async fn an_archived_product_is_gone_for_readers_and_writers() {
    let catalogue = Catalogue::start().await;
    let path = catalogue.product(lamp("LAMP-1")).await;
    for _ in 0..2 {
        assert_eq!(
            send(catalogue.as_admin(Method::DELETE, &path)).await.status,
            204
        );
    }
    let unknown = format!("/{}", Uuid::now_v7());
    for path in [&path, &unknown] {
        refused(&catalogue.get(path).await, 404, "product_not_found");
        let put = send(catalogue.as_admin(Method::PUT, path).json(&lamp("LAMP-1"))).await;
        refused(&put, 404, "product_not_found");
        let patch = send(catalogue.as_admin(Method::PATCH, path).json(&json!({}))).await;
        refused(&patch, 404, "product_not_found");
    }
    let never = send(catalogue.as_admin(Method::DELETE, &unknown)).await;
    refused(&never, 404, "product_not_found");
    assert_eq!(catalogue.get("").await.body["total"], 0);
    assert_eq!(catalogue.get("?search=lamp").await.body["total"], 0);
}

#[tokio::test]
async fn a_batch_answers_in_the_order_asked_for_and_names_the_missing() {
    let catalogue = Catalogue::start().await;
    let mut ids = Vec::new();
    for sku in ["A", "B", "C"] {
        ids.push(catalogue.product(lamp(sku)).await[1..].to_owned());
    }
    send(catalogue.as_admin(Method::DELETE, &format!("/{}", ids[1]))).await;
    let unknown = Uuid::now_v7().to_string();
    let asked = json!({ "ids": [ids[2], unknown, ids[0], ids[1], ids[2]] });
    let answer = send(catalogue.request(Method::POST, "/batch").json(&asked)).await;
    let skus: Vec<_> = answer.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["sku"])
        .collect();
    assert_eq!(skus, ["C", "A"]);
    assert_eq!(answer.body["missing"], json!([ids[1], unknown]));
}

#[tokio::test]
async fn the_life_of_a_product_is_told_in_events() {
    let catalogue = Catalogue::start().await;
    let path = catalogue.product(lamp("LAMP-1")).await;
    let patch = json!({ "name": "Floor lamp" });
    send(catalogue.as_admin(Method::PATCH, &path).json(&patch)).await;
    send(catalogue.as_admin(Method::DELETE, &path)).await;
    let (id, price) = (&path[1..], json!({ "amount": 1999, "currency": "EUR" }));
    let summary = |name| json!({ "product_id": id, "sku": "LAMP-1", "name": name, "price": price });
    assert_eq!(
        catalogue.events(&path).await,
        [
            ("ProductCreated".to_owned(), 1, summary("Desk lamp")),
            ("ProductUpdated".to_owned(), 2, summary("Floor lamp")),
            ("ProductDeleted".to_owned(), 3, json!({ "product_id": id })),
        ]
    );
}

#[tokio::test]
async fn changes_and_searches_are_counted() {
    let catalogue = Catalogue::start().await;
    let path = catalogue.product(lamp("LAMP-1")).await;
    send(
        catalogue
            .as_admin(Method::PATCH, &path)
            .json(&json!({ "name": "Lamp" })),
    )
    .await;
    send(
        catalogue
            .as_admin(Method::PATCH, &path)
            .json(&json!({ "name": "Lamp" })),
    )
    .await;
    catalogue.get("?search=lamp").await;
    catalogue.get("?search=sofa").await;
    catalogue.get("").await;
    let scrape = Scrape::of(&catalogue.running, Exposition::OpenMetrics).await;
    for (name, label, value) in [
        ("product_changes_total", "change", "created"),
        ("product_changes_total", "change", "updated"),
        ("product_searches_total", "outcome", "found"),
        ("product_searches_total", "outcome", "empty"),
    ] {
        assert_eq!(scrape.value(name, &[(label, value)]), 1.0, "{value}");
    }
    scrape.assert_has(&[
        "http_server_request_duration_seconds{http_request_method,http_route,http_response_status_code}",
        "db_client_connection_count{state}",
        "db_client_connection_max",
        "db_client_connection_pending_requests",
        "db_client_connection_wait_time_seconds",
        "db_client_connection_timeouts_total",
        "outbox_published_total{topic}",
        "cache_requests_total{cache,outcome}",
    ]);
}
