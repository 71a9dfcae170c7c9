//! Whatever is sent, the answer is a problem with a code, and nothing changes.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Shop, asked, send};

/// The good request with one member replaced.
fn with(order: Uuid, pointer: &str, value: Value) -> Value {
    let mut body = asked(order, json!({ "token": "tok_visa" }));
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

#[tokio::test]
async fn a_request_for_a_payment_with_one_wrong_value_is_refused_by_field() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let cases = [
        ("/order_id", json!("seven"), "order_id"),
        ("/order_id", json!(Uuid::now_v7()), "Idempotency-Key"),
        ("/user_id", json!(null), "user_id"),
        ("/amount", json!(19.99), "amount"),
        ("/amount/amount", json!(0), "amount.amount"),
        ("/amount/amount", json!(-1), "amount.amount"),
        ("/amount/amount", json!(19.99), "amount.amount"),
        ("/amount/amount", json!("1999"), "amount.amount"),
        ("/amount/amount", json!(100_000_000), "amount.amount"),
        ("/amount/amount", json!(1e30), "amount.amount"),
        ("/amount/currency", json!("XXX"), "amount.currency"),
        ("/method", json!("tok_visa"), "method.token"),
        ("/method", json!(null), "method.token"),
        (
            "/method",
            json!({ "token": "tok_visa", "provider": "cash" }),
            "method.provider",
        ),
        (
            "/method",
            json!({ "token": "tok_visa", "provider": 7 }),
            "method.provider",
        ),
        ("/method/token", json!(""), "method.token"),
        ("/method/token", json!(7), "method.token"),
        ("/method/token", json!("tok\u{0}"), "method.token"),
        ("/method/token", json!("tok visa"), "method.token"),
        ("/method/token", json!("x".repeat(200)), "method.token"),
    ];
    for (pointer, value, field) in cases {
        let body = with(order, pointer, value);
        let answer = send(shop.asking(order, &body)).await;
        assert_eq!(
            answer.problem(),
            (422, "validation_failed"),
            "{body}: {answer:?}"
        );
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}");
    }
    assert_eq!(
        shop.of_order(order).await.problem(),
        (404, "payment_not_found")
    );
    assert_eq!(
        shop.pay(order, "tok_visa").await.state(),
        (201, "captured"),
        "the key is still free"
    );
    shop.close().await;
}

#[tokio::test]
async fn a_card_number_is_refused_without_being_repeated_or_kept() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let number = "4242424242424242";
    for method in [
        json!({ "token": number }),
        json!({ "token": "4242 4242 4242 4242" }),
        json!({ "token": format!("tok_{number}") }),
        json!({ "token": 4_242_424_242_424_242_i64 }),
        json!(number),
        json!({ "token": { "number": number } }),
    ] {
        let answer = shop.pay_by(order, method.clone()).await;
        assert_eq!(answer.problem(), (422, "validation_failed"), "{method}");
        assert!(!answer.body.to_string().contains("4242"), "{answer:?}");
    }
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM idempotency")
        .fetch_one(shop.pool())
        .await
        .unwrap();
    assert_eq!(kept, 0);
    shop.close().await;
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_by_kind() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7().to_string();
    for (content_type, body, problem) in [
        ("text/plain", "{}", (415, "content_type_not_json")),
        ("application/json", "{", (400, "malformed_json")),
        ("application/json", "", (400, "malformed_json")),
        ("application/json", "[]", (422, "validation_failed")),
    ] {
        let request = shop
            .as_order(Method::POST, "")
            .header("idempotency-key", &order);
        let answer = send(request.header("content-type", content_type).body(body)).await;
        assert_eq!(answer.problem(), problem, "{body}");
    }
    let large = format!("\"{}\"", "x".repeat(2 * 1024 * 1024));
    let request = shop
        .as_order(Method::POST, "")
        .header("content-type", "application/json");
    let answer = send(request.header("idempotency-key", &order).body(large)).await;
    assert_eq!(answer.problem(), (413, "body_too_large"));
    shop.close().await;
}

#[tokio::test]
async fn keys_that_are_missing_or_malformed_are_refused() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let body = asked(order, json!({ "token": "tok_visa" }));
    let without = shop.as_order(Method::POST, "").json(&body);
    assert_eq!(
        send(without).await.problem(),
        (400, "idempotency_key_missing")
    );
    for key in ["", "a b", &"k".repeat(256)] {
        let request = shop
            .as_order(Method::POST, "")
            .header("idempotency-key", key)
            .json(&body);
        assert_eq!(
            send(request).await.problem(),
            (400, "idempotency_key_invalid"),
            "{key}"
        );
    }
    let paid = shop.pay(order, "tok_visa").await;
    let path = format!("/{}/refunds", paid.id());
    let without = shop
        .as_order(Method::POST, &path)
        .json(&json!({ "reason": "x" }));
    assert_eq!(
        send(without).await.problem(),
        (400, "idempotency_key_missing")
    );
    shop.close().await;
}

#[tokio::test]
async fn a_refund_with_one_wrong_value_is_refused_by_field() {
    let shop = Shop::open().await;
    let paid = shop.pay(Uuid::now_v7(), "tok_visa").await;
    let path = format!("/{}/refunds", paid.id());
    let amount = |amount: Value, currency: &str| json!({ "amount": amount, "currency": currency });
    for (body, field) in [
        (json!({}), "."),
        (json!({ "reason": "" }), "reason"),
        (json!({ "reason": "   " }), "reason"),
        (json!({ "reason": "nul \u{0}" }), "reason"),
        (json!({ "reason": "x".repeat(201) }), "reason"),
        (json!({ "reason": 7 }), "reason"),
        (json!({ "reason": "x", "amount": 5 }), "amount"),
        (
            json!({ "reason": "x", "amount": amount(json!(0), "EUR") }),
            "amount.amount",
        ),
        (
            json!({ "reason": "x", "amount": amount(json!(-5), "EUR") }),
            "amount.amount",
        ),
        (
            json!({ "reason": "x", "amount": amount(json!(1e30), "EUR") }),
            "amount.amount",
        ),
        (
            json!({ "reason": "x", "amount": amount(json!(5), "USD") }),
            "amount.currency",
        ),
    ] {
        let request = shop
            .as_order(Method::POST, &path)
            .header("idempotency-key", "r");
        let answer = send(request.json(&body)).await;
        assert_eq!(
            answer.problem(),
            (422, "validation_failed"),
            "{body}: {answer:?}"
        );
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}");
    }
    assert_eq!(
        shop.refund(paid.id(), None, "r").await.state(),
        (201, "succeeded")
    );
    shop.close().await;
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_problems() {
    let shop = Shop::open().await;
    for (method, path, problem) in [
        (Method::GET, "/seven", (404, "resource_not_found")),
        (Method::GET, "/order/seven", (404, "resource_not_found")),
        (
            Method::POST,
            "/order/seven/void",
            (404, "resource_not_found"),
        ),
        (Method::POST, "/seven/confirm", (404, "resource_not_found")),
        (Method::GET, "/a/b/c/d", (404, "route_not_found")),
        (Method::DELETE, "", (405, "method_not_allowed")),
    ] {
        let answer = send(shop.as_order(method.clone(), path)).await;
        assert_eq!(answer.problem(), problem, "{method} {path}: {answer:?}");
    }
    shop.close().await;
}
