//! What each route says to bodies and queries that it does not accept: a problem document, the same status every time,
//! and no change.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Catalogue, is_empty, lamp, lamp_with, problem, send};

const ID: &str = "01920000-0000-7000-8000-000000000001";

fn price(amount: Value, currency: &str) -> Value {
    json!({ "amount": amount, "currency": currency })
}

/// A draft with one flaw, and the field that is named for it.
fn flawed_drafts() -> Vec<(Value, &'static str)> {
    let deep = (0..5).fold(json!(1), |inner, _| json!({ "in": inner }));
    vec![
        (lamp_with("sku", json!("")), "sku"),
        (lamp_with("sku", json!("has blank")), "sku"),
        (lamp_with("sku", json!("x".repeat(65))), "sku"),
        (lamp_with("sku", json!("nul\u{0}")), "sku"),
        (lamp_with("name", json!(" \n ")), "name"),
        (lamp_with("name", json!("x".repeat(201))), "name"),
        (lamp_with("name", json!("a\u{0}b")), "name"),
        (lamp_with("name", json!("two\nlines")), "name"),
        (
            lamp_with("description", json!("x".repeat(4001))),
            "description",
        ),
        (lamp_with("description", json!("a\u{0}b")), "description"),
        (lamp_with("category", json!("")), "category"),
        (lamp_with("category", json!("\u{7}")), "category"),
        (lamp_with("price", price(json!(0), "EUR")), "price.amount"),
        (lamp_with("price", price(json!(-1), "EUR")), "price.amount"),
        (
            lamp_with("price", price(json!(i64::MAX), "EUR")),
            "price.amount",
        ),
        (
            lamp_with("attributes", json!({ "a": "\u{0}" })),
            "attributes",
        ),
        (
            lamp_with("attributes", json!({ "a\u{0}": 1 })),
            "attributes",
        ),
        (lamp_with("attributes", json!({ "a": deep })), "attributes"),
        (
            lamp_with("attributes", json!({ "a": "x".repeat(9000) })),
            "attributes",
        ),
    ]
}

/// A draft with a member of the wrong type.
fn mistyped_drafts() -> Vec<(Value, &'static str)> {
    vec![
        (lamp_with("sku", json!(7)), "sku"),
        (lamp_with("name", json!(["a"])), "name"),
        (lamp_with("description", json!({})), "description"),
        (lamp_with("price", json!(1999)), "price"),
        (
            lamp_with("price", price(json!(19.99), "EUR")),
            "price.amount",
        ),
        (
            lamp_with("price", price(json!("1999"), "EUR")),
            "price.amount",
        ),
        (
            lamp_with("price", price(json!(1e30), "EUR")),
            "price.amount",
        ),
        (lamp_with("price", price(json!(1), "XXX")), "price.currency"),
        (lamp_with("price", price(json!(1), "eur")), "price.currency"),
        (lamp_with("attributes", json!([1])), "attributes"),
        (lamp_with("attributes", json!("none")), "attributes"),
    ]
}

async fn refuses(request: RequestBuilder, body: &Value, field: &str) {
    let answer = send(request.json(body)).await;
    let told = (answer.status.as_u16(), &answer.body["code"]);
    assert_eq!(told, (422, &json!("validation_failed")), "{field}: {body}");
    assert_eq!(answer.body["errors"][0]["field"], field, "{answer:?}");
}

#[tokio::test]
async fn flawed_drafts_are_refused_by_every_route_that_writes() {
    let catalogue = Catalogue::start().await;
    for (draft, field) in flawed_drafts().into_iter().chain(mistyped_drafts()) {
        refuses(catalogue.as_admin(Method::POST, ""), &draft, field).await;
        refuses(
            catalogue.as_admin(Method::PUT, &format!("/{ID}")),
            &draft,
            field,
        )
        .await;
        let mut item = draft.clone();
        item["id"] = json!(ID);
        let (import, field) = (json!({ "items": [item] }), format!("items[0].{field}"));
        refuses(catalogue.as_admin(Method::POST, "/import"), &import, &field).await;
    }
    assert!(is_empty(&catalogue).await);
}

#[tokio::test]
async fn a_flawed_patch_is_refused_and_changes_nothing() {
    let catalogue = Catalogue::start().await;
    let path = catalogue.product(lamp("LAMP-1")).await;
    for (draft, field) in flawed_drafts().into_iter().chain(mistyped_drafts()) {
        let member = field.split('.').next().unwrap();
        let patch = json!({ member: draft[member] });
        refuses(catalogue.as_admin(Method::PATCH, &path), &patch, field).await;
    }
    assert_eq!(catalogue.get(&path).await.body["version"], 1);
}

#[tokio::test]
async fn all_flaws_of_a_draft_are_told_at_once() {
    let catalogue = Catalogue::start().await;
    let draft = json!({ "sku": "", "name": "", "category": "", "price": price(json!(0), "EUR") });
    let answer = send(catalogue.as_admin(Method::POST, "").json(&draft)).await;
    assert_eq!(
        answer.body["errors"].as_array().unwrap().len(),
        4,
        "{answer:?}"
    );
}

#[tokio::test]
async fn lists_of_the_wrong_size_and_doubles_are_refused() {
    let catalogue = Catalogue::start().await;
    let item = |sku: &str| {
        let mut item = lamp(sku);
        item["id"] = json!(Uuid::now_v7());
        item
    };
    let many_ids: Vec<_> = (0..101).map(|_| Uuid::now_v7()).collect();
    let many_items: Vec<_> = (0..501).map(|n| item(&n.to_string())).collect();
    let mut same_id = [item("A"), item("B")];
    same_id[1]["id"] = same_id[0]["id"].clone();
    for (path, body, field) in [
        ("/batch", json!({}), "."),
        ("/batch", json!({ "ids": [] }), "ids"),
        ("/batch", json!({ "ids": many_ids }), "ids"),
        ("/batch", json!({ "ids": [1] }), "ids[0]"),
        ("/batch", json!({ "ids": ["\u{0}"] }), "ids[0]"),
        ("/import", json!({}), "."),
        ("/import", json!({ "items": [] }), "items"),
        ("/import", json!({ "items": many_items }), "items"),
        ("/import", json!({ "items": same_id }), "items[1].id"),
        (
            "/import",
            json!({ "items": [item("A"), item("A")] }),
            "items[1].sku",
        ),
        ("/import", json!({ "items": [lamp("A")] }), "items[0]"),
    ] {
        refuses(catalogue.as_admin(Method::POST, path), &body, field).await;
    }
    assert!(is_empty(&catalogue).await);
}

#[tokio::test]
async fn queries_out_of_range_are_refused() {
    let catalogue = Catalogue::start().await;
    let long = format!("?search={}", "x".repeat(201));
    for query in [
        "?page=0",
        "?page=10001",
        "?page=-1",
        "?page=one",
        "?page=1&page=2",
        "?limit=0",
        "?limit=101",
        "?limit=99999999999",
        "?search=%00",
        "?search=a%0Ab",
        "?category=%00",
        "?search=a&search=b",
        long.as_str(),
    ] {
        let answer = problem(catalogue.request(Method::GET, query)).await;
        assert_eq!(answer, (422, "validation_failed".to_owned()), "{query}");
    }
    assert_eq!(catalogue.get("?novelty=1").await.status, 200);
}

#[tokio::test]
async fn malformed_bodies_are_refused_everywhere() {
    let catalogue = Catalogue::start().await;
    let json = "application/json";
    let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(1024 * 1024));
    let deep = format!("{{\"attributes\":{}", "{\"a\":".repeat(10_000));
    let put = format!("/{ID}");
    for (method, path) in [
        (Method::POST, ""),
        (Method::PUT, put.as_str()),
        (Method::POST, "/batch"),
        (Method::POST, "/import"),
    ] {
        for (content_type, body, status) in [
            (json, "", 400),
            (json, "{", 400),
            (json, "null", 422),
            (json, "7", 422),
            (json, "{}", 422),
            ("text/plain", "{}", 415),
            (json, huge.as_str(), 413),
            (json, deep.as_str(), 400),
        ] {
            let request = catalogue.as_admin(method.clone(), path);
            let request = request
                .header("content-type", content_type)
                .body(body.to_owned());
            let shown = &body[..body.len().min(40)];
            assert_eq!(problem(request).await.0, status, "{method} {path} {shown}");
        }
    }
    assert!(is_empty(&catalogue).await);
}

#[tokio::test]
async fn unknown_members_and_the_deepest_allowed_attributes_are_accepted() {
    let catalogue = Catalogue::start().await;
    let deep = (0..4).fold(json!("\n"), |inner, _| json!([inner]));
    let mut draft = lamp_with("attributes", json!({ "a": deep, "": null }));
    draft["novelty"] = json!({ "x": "\u{0}" });
    let answer = catalogue.create(draft).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}
