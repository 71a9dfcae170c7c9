//! What makes no sense is a 4xx in PayPal's shape, and changes nothing.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    paypal::{Paypal, order_body},
    support::{Psp, send},
};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// An order with one value replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut body = order_body("19.99", "o-1", Some("tok_visa"));
    *body
        .pointer_mut(pointer)
        .expect("the pointer names a value") = value;
    body
}

#[tokio::test]
async fn bad_orders_are_refused_in_paypals_shape() {
    let psp = Psp::start().await;
    let paypal = Paypal::of(&psp).await;
    let (value, currency) = (
        "/purchase_units/0/amount/value",
        "/purchase_units/0/amount/currency_code",
    );
    let custom_id = "/purchase_units/0/custom_id";
    for (body, status, issue) in [
        (json!({}), 400, "MISSING_REQUIRED_PARAMETER"),
        (
            with("/intent", json!("AUTHORIZE")),
            422,
            "UNSUPPORTED_INTENT",
        ),
        (with("/intent", json!(5)), 400, "INVALID_PARAMETER_SYNTAX"),
        (
            with("/purchase_units", json!([])),
            400,
            "MISSING_REQUIRED_PARAMETER",
        ),
        (
            with("/purchase_units", json!([{}, {}])),
            400,
            "INVALID_ARRAY_MAX_ITEMS",
        ),
        (
            with("/purchase_units/0/amount", json!(null)),
            400,
            "MISSING_REQUIRED_PARAMETER",
        ),
        (with(value, json!(19.99)), 400, "INVALID_PARAMETER_SYNTAX"),
        (with(value, json!("abc")), 400, "INVALID_PARAMETER_SYNTAX"),
        (
            with(value, json!("-1.00")),
            422,
            "CANNOT_BE_ZERO_OR_NEGATIVE",
        ),
        (
            with(value, json!("0.00")),
            422,
            "CANNOT_BE_ZERO_OR_NEGATIVE",
        ),
        (with(value, json!("1.999")), 422, "DECIMAL_PRECISION"),
        (
            with(value, json!("1000000000000000000000000000000")),
            422,
            "MAX_VALUE_EXCEEDED",
        ),
        (with(currency, json!("XYZ")), 422, "CURRENCY_NOT_SUPPORTED"),
        (
            with(currency, json!(null)),
            400,
            "MISSING_REQUIRED_PARAMETER",
        ),
        (
            with(custom_id, json!("\u{0}")),
            400,
            "INVALID_PARAMETER_SYNTAX",
        ),
        (
            with(custom_id, json!("x".repeat(256))),
            400,
            "INVALID_STRING_MAX_LENGTH",
        ),
        (
            with("/payment_source/token/id", json!("tok_nobody")),
            422,
            "TOKEN_ID_NOT_FOUND",
        ),
        (
            with(
                "/payment_source",
                json!({"card": {"number": "4242424242424242"}}),
            ),
            400,
            "CARD_NUMBER_NOT_ACCEPTED",
        ),
    ] {
        let refused = paypal.post("/v2/checkout/orders", None, &body).await;
        assert_eq!(refused.status, status, "{body}: {refused:?}");
        assert_eq!(refused.text("/details/0/issue"), issue, "{body}");
        let name = if status == 400 {
            "INVALID_REQUEST"
        } else {
            "UNPROCESSABLE_ENTITY"
        };
        assert_eq!(refused.text("/name"), name, "{body}");
    }
    let payments: i64 = sqlx::query_scalar("SELECT count(*) FROM payments")
        .fetch_one(&psp.db.pool)
        .await
        .unwrap();
    assert_eq!(payments, 0);
}

#[tokio::test]
async fn other_bad_requests_are_refused_in_paypals_shape() {
    let psp = Psp::start().await;
    let paypal = Paypal::of(&psp).await;
    for (method, path, status, name) in [
        (
            Method::GET,
            "/v2/checkout/orders/nothing",
            404,
            "RESOURCE_NOT_FOUND",
        ),
        (
            Method::GET,
            "/v2/checkout/orders/%ff",
            404,
            "RESOURCE_NOT_FOUND",
        ),
        (
            Method::POST,
            "/v2/checkout/orders/0190A0B0C0D07000800000000000DEAD/capture",
            404,
            "RESOURCE_NOT_FOUND",
        ),
        (
            Method::POST,
            "/v2/payments/captures/0190A0B0C0D07000800000000000DEAD/refund",
            404,
            "RESOURCE_NOT_FOUND",
        ),
        (
            Method::GET,
            "/v2/payments/refunds/x",
            404,
            "RESOURCE_NOT_FOUND",
        ),
        (Method::GET, "/v2/nothing", 404, "RESOURCE_NOT_FOUND"),
        (
            Method::DELETE,
            "/v2/checkout/orders",
            405,
            "METHOD_NOT_SUPPORTED",
        ),
    ] {
        let refused = send(paypal.request(method, path)).await;
        assert_eq!(
            (refused.status, refused.text("/name")),
            (status, name),
            "{path}"
        );
    }
    for (content_type, body, status) in [(JSON, "{", 400), (JSON, "[]", 400), (FORM, "a=b", 415)] {
        let request = paypal.request(Method::POST, "/v2/checkout/orders");
        let refused = send(request.header("content-type", content_type).body(body)).await;
        assert_eq!(refused.status, status, "{body}");
        assert!(refused.body["name"].is_string());
    }
}
