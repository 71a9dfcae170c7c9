//! What makes no sense is a 4xx in Stripe's shape (for the ledger: a problem), and changes nothing.

use reqwest::Method;
use serde_json::json;

use super::support::{Psp, send};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[tokio::test]
async fn bad_intents_are_refused_in_stripes_shape() {
    let psp = Psp::start().await;
    for (content_type, body, param) in [
        (FORM, "", "amount"),
        (FORM, "%%%&&==&[a]=b&[", "amount"),
        (FORM, "amount=100", "currency"),
        (FORM, "currency=eur", "amount"),
        (FORM, "amount=&currency=eur", "amount"),
        (FORM, "amount=0&currency=eur", "amount"),
        (FORM, "amount=-5&currency=eur", "amount"),
        (FORM, "amount=19.99&currency=eur", "amount"),
        (
            FORM,
            "amount=1000000000000000000000000000000&currency=eur",
            "amount",
        ),
        (FORM, "amount=100000000&currency=eur", "amount"),
        (FORM, "amount[x]=1&currency=eur", "amount"),
        (FORM, "amount=100&currency=xyz", "currency"),
        (FORM, "amount=100&currency=eur%00", "currency"),
        (FORM, "amount=100&currency=eur&confirm=maybe", "confirm"),
        (
            FORM,
            "amount=100&currency=eur&confirm=true",
            "payment_method",
        ),
        (
            FORM,
            "amount=100&currency=eur&capture_method=never",
            "capture_method",
        ),
        (
            FORM,
            "amount=100&currency=eur&payment_method=tok_nobody",
            "payment_method",
        ),
        (
            FORM,
            "amount=100&currency=eur&metadata[order_id]=%00",
            "metadata[order_id]",
        ),
        (FORM, "amount=100&currency=eur&metadata=x", "metadata"),
        (FORM, "amount=1&amount[x]=2", "amount[x]"),
        (JSON, r#"{"amount":1e30,"currency":"eur"}"#, "amount"),
        (JSON, r#"{"amount":[1],"currency":"eur"}"#, "amount"),
        (
            JSON,
            r#"{"amount":100,"currency":"eur","description":"\u0000"}"#,
            "description",
        ),
    ] {
        let request = psp.stripe(Method::POST, "/v1/payment_intents");
        let refused = send(request.header("content-type", content_type).body(body)).await;
        assert_eq!(refused.status, 400, "{body}: {refused:?}");
        assert_eq!(
            refused.text("/error/type"),
            "invalid_request_error",
            "{body}"
        );
        assert_eq!(refused.text("/error/param"), param, "{body}");
    }
    for body in [
        "{",
        "[]",
        "null",
        r#"{"card":{"number":"4242424242424242"}}"#,
    ] {
        let request = psp.stripe(Method::POST, "/v1/payment_intents");
        let refused = send(request.header("content-type", JSON).body(body)).await;
        assert_eq!(
            (refused.status, refused.text("/error/type")),
            (400, "invalid_request_error")
        );
    }
    assert_eq!(
        psp.get("/v1/payment_intents").await.ok().body["data"],
        json!([])
    );
}

#[tokio::test]
async fn other_bad_requests_are_refused_in_stripes_shape() {
    let psp = Psp::start().await;
    for (method, path, status) in [
        (Method::GET, "/v1/payment_intents/nothing", 404),
        (Method::GET, "/v1/payment_intents/%ff", 404),
        (
            Method::GET,
            "/v1/payment_intents/pi_0190a0b0c0d07000800000000000dead",
            404,
        ),
        (
            Method::POST,
            "/v1/payment_intents/pi_0190a0b0c0d07000800000000000dead/confirm",
            404,
        ),
        (Method::GET, "/v1/refunds/re_x", 404),
        (Method::GET, "/v1/events/evt_x", 404),
        (Method::POST, "/v1/refunds", 400),
        (Method::GET, "/v1/nothing/here", 404),
        (Method::DELETE, "/v1/payment_intents", 404),
        (Method::GET, "/v1/payment_intents?limit=0", 400),
        (Method::GET, "/v1/payment_intents?limit=101", 400),
        (Method::GET, "/v1/payment_intents?limit=x", 400),
        (Method::GET, "/v1/payment_intents?starting_after=pi_x", 404),
        (Method::GET, "/v1/payment_intents/search", 400),
        (
            Method::GET,
            "/v1/payment_intents/search?query=status:'succeeded'",
            400,
        ),
    ] {
        let refused = send(psp.stripe(method, path)).await;
        assert_eq!(refused.status, status, "{path}: {refused:?}");
        assert_eq!(
            refused.text("/error/type"),
            "invalid_request_error",
            "{path}"
        );
    }
    let huge = psp
        .stripe(Method::POST, "/v1/payment_intents")
        .body("a".repeat(2 * 1024 * 1024));
    assert_eq!(send(huge).await.status, 413);
    let key = "k".repeat(256);
    let keyed = psp.post_keyed("/v1/payment_intents", &key, &[]).await;
    assert_eq!(
        (keyed.status, keyed.text("/error/type")),
        (400, "invalid_request_error")
    );
}

#[tokio::test]
async fn bad_ledger_questions_are_problems() {
    let psp = Psp::start().await;
    for path in [
        "/ledger?limit=0",
        "/ledger?limit=x",
        "/ledger?cursor=x",
        "/ledger?order_id=%00",
    ] {
        let refused = psp.get(path).await;
        assert_eq!(
            (refused.status, refused.text("/code")),
            (422, "validation_failed"),
            "{path}"
        );
    }
}
