//! What each route says to input that it does not accept: a problem document, the same status every time, and no change.

use std::collections::BTreeSet;

use chassis::{auth::UserClaims, testing};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Inventory, send};

const ID: &str = "01920000-0000-7000-8000-000000000001";

/// Status and code of the answer, which must be a whole problem document.
async fn problem(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let content_type = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(content_type, "application/problem+json", "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert!(!body["request_id"].as_str().unwrap().is_empty(), "{body}");
    (status, body["code"].as_str().unwrap().to_owned())
}

async fn changes(inventory: &Inventory) -> (i64, i64, i64) {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM stock), (SELECT count(*) FROM reservations),
                (SELECT count(*) FROM outbox)",
    )
    .fetch_one(inventory.pool())
    .await
    .unwrap()
}

/// Bodies that no JSON route accepts.
async fn refuses_malformed_bodies(request: impl Fn() -> RequestBuilder) {
    let json = "application/json";
    let huge = format!("{{\"items\":\"{}\"}}", "x".repeat(1024 * 1024));
    let deep = "[".repeat(10_000);
    for (content_type, body, status) in [
        (json, "", 400),
        (json, "{", 400),
        (json, deep.as_str(), 422),
        (json, "{} trailing", 422),
        (json, "null", 422),
        (json, "[]", 422),
        (json, "{}", 422),
        ("text/plain", "{}", 415),
        ("application/x-www-form-urlencoded", "items=1", 415),
        (json, huge.as_str(), 413),
    ] {
        let sent = request()
            .header("content-type", content_type)
            .body(body.to_owned());
        let shown = &body[..body.len().min(40)];
        assert_eq!(problem(sent).await.0, status, "{content_type} {shown}");
    }
}

#[tokio::test]
async fn malformed_bodies_are_refused_everywhere_and_change_nothing() {
    let inventory = Inventory::start().await;
    refuses_malformed_bodies(|| inventory.request(Method::POST, "/batch")).await;
    refuses_malformed_bodies(|| inventory.as_admin(Method::POST, "/import")).await;
    refuses_malformed_bodies(|| inventory.as_admin(Method::POST, &format!("/{ID}/restock"))).await;
    refuses_malformed_bodies(|| inventory.as_order(Method::PUT, &format!("/reservations/{ID}")))
        .await;
    assert_eq!(changes(&inventory).await, (0, 0, 0));
    inventory.finish().await;
}

#[tokio::test]
async fn values_out_of_range_are_named_by_field() {
    let inventory = Inventory::start().await;
    let many_ids: Vec<_> = (0..101).map(|_| Uuid::now_v7()).collect();
    let line = |quantity: Value| json!({ "product_id": ID, "quantity": quantity });
    let import = |items: Value| ("/import", json!({ "items": items }));
    let many = |n| {
        (0..n)
            .map(|_| json!({ "product_id": Uuid::now_v7(), "quantity": 1 }))
            .collect()
    };
    let restock = |quantity: Value| ("/id/restock", json!({ "quantity": quantity }));
    let reserve = |items: Value| ("/reservations/id", json!({ "items": items }));
    for ((path, body), field) in [
        (("/batch", json!({ "ids": [] })), "ids"),
        (("/batch", json!({ "ids": many_ids })), "ids"),
        (("/batch", json!({ "ids": ["seven"] })), "ids[0]"),
        (("/batch", json!({ "ids": "all" })), "ids"),
        (import(json!([])), "items"),
        (import(many(1001)), "items"),
        (import(json!([line(json!(-1))])), "items[0].quantity"),
        (import(json!([line(json!(1_000_001))])), "items[0].quantity"),
        (import(json!([line(json!(1.5))])), "items[0].quantity"),
        (
            import(json!([line(json!(1)), line(json!(1))])),
            "items[1].product_id",
        ),
        (import(json!([{ "product_id": ID }])), "items[0]"),
        (restock(json!(0)), "quantity"),
        (restock(json!(-5)), "quantity"),
        (restock(json!(1_000_001)), "quantity"),
        (restock(json!(1e30)), "quantity"),
        (restock(json!("5")), "quantity"),
        (restock(json!(null)), "quantity"),
        (reserve(json!([])), "items"),
        (reserve(many(101)), "items"),
        (reserve(json!([line(json!(0))])), "items[0].quantity"),
        (
            reserve(json!([line(json!(1)), line(json!(-1))])),
            "items[1].quantity",
        ),
        (reserve(json!([line(json!(10_001))])), "items[0].quantity"),
        (
            reserve(json!([line(json!(i64::MAX)), line(json!(i64::MAX))])),
            "items[0].quantity",
        ),
        (
            reserve(json!([{ "product_id": "x\u{0}", "quantity": 1 }])),
            "items[0].product_id",
        ),
        (reserve(json!({})), "items"),
    ] {
        let path = path.replace("id", ID);
        let request = match path.starts_with("/reservations") {
            true => inventory.as_order(Method::PUT, &path),
            false => inventory.as_admin(Method::POST, &path),
        };
        let answer = send(request.json(&body)).await;
        let code = &answer.body["code"];
        assert_eq!(
            (answer.status.as_u16(), code),
            (422, &json!("validation_failed")),
            "{body}"
        );
        assert_eq!(answer.body["errors"][0]["field"], field, "{answer:?}");
    }
    assert_eq!(changes(&inventory).await, (0, 0, 0));
    inventory.finish().await;
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let inventory = Inventory::start().await;
    let body = json!({ "ids": [ID], "novelty": { "deep": [1, 2, "\u{0}"] } });
    assert_eq!(
        send(inventory.request(Method::POST, "/batch").json(&body))
            .await
            .status,
        200
    );
    inventory.finish().await;
}

#[tokio::test]
async fn paths_methods_and_ids_that_do_not_exist_are_told_apart() {
    let inventory = Inventory::start().await;
    for (method, path, status, code) in [
        (Method::GET, "/not-a-uuid", 404, "resource_not_found"),
        (Method::GET, "/%00", 404, "resource_not_found"),
        (Method::GET, "/reservations/42", 404, "resource_not_found"),
        (Method::PUT, "/reservations/42", 404, "resource_not_found"),
        (Method::POST, "/42/restock", 404, "resource_not_found"),
        (Method::GET, "", 404, "route_not_found"),
        (Method::GET, "/a/b/c/d", 404, "route_not_found"),
        (
            Method::POST,
            "/reservations/42/burn",
            404,
            "route_not_found",
        ),
        (Method::DELETE, "/batch", 405, "method_not_allowed"),
        (Method::GET, "/import", 405, "method_not_allowed"),
        (Method::PATCH, "/reservations/42", 405, "method_not_allowed"),
    ] {
        let request = inventory.as_order(method.clone(), path);
        let answer = problem(request).await;
        assert_eq!(answer, (status, code.to_owned()), "{method} {path}");
    }
    inventory.finish().await;
}

#[tokio::test]
async fn idempotency_keys_are_required_and_checked() {
    let inventory = Inventory::start().await;
    let token = inventory.auth.user_token(Uuid::now_v7(), &["admin"]);
    let long = "k".repeat(256);
    for (key, code) in [
        (None, "idempotency_key_missing"),
        (Some(""), "idempotency_key_invalid"),
        (Some("with blank"), "idempotency_key_invalid"),
        (Some(long.as_str()), "idempotency_key_invalid"),
    ] {
        let request = inventory.request(Method::POST, &format!("/{ID}/restock"));
        let mut request = request.bearer_auth(&token).json(&json!({ "quantity": 1 }));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        assert_eq!(problem(request).await, (400, code.to_owned()), "{key:?}");
    }
    assert_eq!(changes(&inventory).await, (0, 0, 0));
    inventory.finish().await;
}

/// Every route that is not public, with a body that would be accepted.
fn protected() -> [(Method, String, Value); 6] {
    let items = json!({ "items": [{ "product_id": ID, "quantity": 1 }] });
    [
        (Method::POST, "/import".to_owned(), items.clone()),
        (
            Method::POST,
            format!("/{ID}/restock"),
            json!({ "quantity": 1 }),
        ),
        (Method::PUT, format!("/reservations/{ID}"), items),
        (Method::GET, format!("/reservations/{ID}"), json!({})),
        (
            Method::POST,
            format!("/reservations/{ID}/commit"),
            json!({}),
        ),
        (
            Method::POST,
            format!("/reservations/{ID}/release"),
            json!({}),
        ),
    ]
}

#[tokio::test]
async fn without_an_acceptable_token_everything_protected_is_401() {
    let inventory = Inventory::start().await;
    let foreign = testing::auth::TestAuth::start().await;
    let admin = Uuid::now_v7();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhZG1pbiJ9.";
    let other_audience = UserClaims {
        aud: "elsewhere".to_owned(),
        ..testing::auth::claims(admin, &["admin"], 900)
    };
    for (method, path, body) in protected() {
        for (token, code) in [
            (None, "token_missing"),
            (Some(String::new()), "token_missing"),
            (Some("nonsense".to_owned()), "token_invalid"),
            (Some(none.to_owned()), "token_invalid"),
            (Some(inventory.auth.expired_token(admin)), "token_expired"),
            (Some(foreign.user_token(admin, &["admin"])), "token_invalid"),
            (Some(foreign.service_token("order")), "token_invalid"),
            (Some(inventory.auth.sign(&other_audience)), "token_invalid"),
        ] {
            let mut request = inventory.request(method.clone(), &path).json(&body);
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            assert_eq!(
                problem(request).await,
                (401, code.to_owned()),
                "{method} {path} {token:?}"
            );
        }
    }
    assert_eq!(changes(&inventory).await, (0, 0, 0));
    inventory.finish().await;
}

#[tokio::test]
async fn without_the_role_everything_protected_is_403() {
    let inventory = Inventory::start().await;
    let customer = inventory.auth.user_token(Uuid::now_v7(), &["customer"]);
    let admin = inventory.auth.user_token(Uuid::now_v7(), &["admin"]);
    let for_admins = BTreeSet::from(["/import".to_owned(), format!("/{ID}/restock")]);
    for (method, path, body) in protected() {
        let request = |token| {
            inventory
                .request(method.clone(), &path)
                .bearer_auth(token)
                .json(&body)
        };
        let refused = (403, "role_missing".to_owned());
        assert_eq!(
            problem(request(&customer)).await,
            refused,
            "{method} {path}"
        );
        // An administrator may look at a reservation, but only the saga moves it.
        if !for_admins.contains(&path) && method != Method::GET {
            assert_eq!(problem(request(&admin)).await, refused, "{method} {path}");
        }
    }
    assert_eq!(changes(&inventory).await, (0, 0, 0));
    inventory.finish().await;
}
