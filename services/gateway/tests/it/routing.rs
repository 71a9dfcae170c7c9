//! Requests reach their service as they were sent, and answers come back as they were given.

use futures_util::stream;
use reqwest::Method;

use crate::{
    support::{Gateway, NOBODY, send},
    upstream::ANSWER,
};

#[tokio::test]
async fn each_resource_is_answered_by_its_service() {
    let gateway = Gateway::start().await;
    for (path, upstream) in [
        ("/api/v1/auth/validate", "user"),
        ("/api/v1/users/me", "user"),
        ("/.well-known/jwks.json", "user"),
        ("/api/v1/products", "product"),
        ("/api/v1/inventory/1", "inventory"),
        ("/api/v1/orders", "order"),
        ("/api/v1/orders/1/history", "order"),
        ("/api/v1/payments/1", "payment"),
        ("/api/v1/notifications", "notification"),
    ] {
        let answer = send(gateway.as_customer(Method::GET, path)).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(answer.body["upstream"], upstream, "{path}");
    }
}

#[tokio::test]
async fn method_path_query_body_and_headers_travel() {
    let gateway = Gateway::start().await;
    let request = gateway
        .as_customer(Method::PATCH, "/api/v1/orders/1/status?a=%2F&b=2")
        .header("idempotency-key", "key-1")
        .header("x-request-id", "req-7")
        .header("content-type", "application/json")
        .body(r#"{"status":"shipped"}"#);
    let answer = send(request).await;
    assert_eq!(answer.body["method"], "PATCH");
    assert_eq!(answer.body["uri"], "/api/v1/orders/1/status?a=%2F&b=2");
    assert_eq!(answer.body["body"], r#"{"status":"shipped"}"#);
    let seen = &answer.body["headers"];
    assert_eq!(seen["idempotency-key"], "key-1");
    assert_eq!(seen["content-type"], "application/json");
    assert_eq!(seen["x-request-id"], "req-7");
    assert_eq!(answer.header("x-request-id"), "req-7");
    assert!(
        seen["authorization"]
            .as_str()
            .unwrap()
            .starts_with("Bearer ")
    );
}

#[tokio::test]
async fn where_a_request_came_from_cannot_be_forged() {
    let gateway = Gateway::start().await;
    let request = gateway
        .get("/api/v1/products")
        .header("x-forwarded-for", "6.6.6.6")
        .header("forwarded", "for=6.6.6.6")
        .header("x-forwarded-proto", "https")
        .header("x-deadline-ms", "3600000");
    let seen = send(request).await.body["headers"].clone();
    assert_eq!(seen["x-forwarded-for"], "127.0.0.1");
    assert_eq!(seen["forwarded"], "for=127.0.0.1;proto=http");
    assert_eq!(seen["x-forwarded-proto"], "http");
    let host = gateway.running.http_addr.to_string();
    assert_eq!(seen["x-forwarded-host"], host);
    let deadline: u64 = seen["x-deadline-ms"].as_str().unwrap().parse().unwrap();
    assert!(deadline <= 5_000, "{deadline}");
}

#[tokio::test]
async fn an_answer_of_any_status_passes_with_its_body_and_headers() {
    let gateway = Gateway::start().await;
    for status in [201, 302, 404, 405, 409, 422, 429, 500, 503] {
        let request = gateway
            .as_customer(Method::POST, "/api/v1/orders")
            .header(ANSWER, status);
        let answer = send(request).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.body["upstream"], "order", "{status}");
        assert_eq!(answer.header("retry-after"), "7", "{status}");
        assert_eq!(answer.header("location"), "/api/v1/orders/1", "{status}");
        assert_eq!(answer.header("allow"), "GET", "{status}");
        assert!(!answer.headers.contains_key("x-internal"), "{status}");
    }
    assert_eq!(gateway.upstream("order").hits(), 9, "a write is sent once");
}

#[tokio::test]
async fn what_is_not_for_everybody_is_not_there() {
    let gateway = Gateway::start().await;
    for (method, path, code) in [
        (Method::GET, "/", "route_not_found"),
        (Method::GET, "/api/v1/secrets", "route_not_found"),
        (Method::POST, "/webhooks/psp", "route_not_found"),
        (Method::POST, "/api/v1/payments", "route_not_found"),
        (
            Method::POST,
            "/api/v1/payments/1/confirm",
            "route_not_found",
        ),
        (
            Method::POST,
            "/api/v1/payments/order/1/void",
            "route_not_found",
        ),
        (
            Method::PUT,
            "/api/v1/inventory/reservations/1",
            "route_not_found",
        ),
        (Method::GET, "/api/v2/orders", "api_version_unknown"),
    ] {
        let answer = send(gateway.as_customer(method, path)).await;
        assert_eq!(answer.problem(), (404, code), "{path}");
    }
    for name in ["payment", "inventory", "order"] {
        assert_eq!(gateway.upstream(name).hits(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_however_it_is_sent() {
    let gateway = Gateway::start_with(&[("BODY_BYTES_MAX", "1000")]).await;
    let post = || gateway.as_customer(Method::POST, "/api/v1/orders");
    let fits = send(post().body("x".repeat(1000))).await;
    assert_eq!(fits.body["body"].as_str().unwrap().len(), 1000);
    let whole = send(post().body("x".repeat(1001))).await;
    assert_eq!(whole.problem(), (413, "body_too_large"));
    let chunks = stream::iter((0..11).map(|_| Ok::<_, std::io::Error>("x".repeat(100))));
    let chunked = send(post().body(reqwest::Body::wrap_stream(chunks))).await;
    assert_eq!(chunked.problem(), (413, "body_too_large"));
    assert_eq!(gateway.upstream("order").hits(), 1);
}

#[tokio::test]
async fn a_request_goes_to_another_instance_when_one_cannot_be_reached() {
    let gateway = Gateway::start().await;
    let instances = format!("{NOBODY},{}", gateway.upstream("order").url());
    let two = Gateway::start_with(&[("EDGE_ORDER_URL", &instances)]).await;
    for _ in 0..4 {
        let answer = send(two.as_customer(Method::POST, "/api/v1/orders")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(gateway.upstream("order").hits(), 4);
}
