//! What the door says by itself: CORS and health.

use reqwest::Method;

use crate::support::{Gateway, NOBODY, send};

fn preflight(gateway: &Gateway, origin: &str) -> reqwest::RequestBuilder {
    gateway
        .request(Method::OPTIONS, "/api/v1/orders")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,idempotency-key",
        )
}

#[tokio::test]
async fn a_page_of_this_machine_may_call_and_a_foreign_one_may_not() {
    let gateway = Gateway::start().await;
    let ours = send(preflight(&gateway, "http://localhost:5173")).await;
    assert_eq!(ours.status, 200);
    assert_eq!(
        ours.header("access-control-allow-origin"),
        "http://localhost:5173"
    );
    assert!(
        ours.header("access-control-allow-headers")
            .contains("idempotency-key")
    );
    let theirs = send(preflight(&gateway, "https://evil.test")).await;
    assert!(!theirs.headers.contains_key("access-control-allow-origin"));
    assert_eq!(gateway.upstream("order").hits(), 0);
    let refused = gateway
        .get("/api/v1/orders")
        .header("origin", "http://localhost:5173");
    let refused = send(refused).await;
    assert_eq!(refused.problem(), (401, "token_missing"));
    assert!(
        refused.headers.contains_key("access-control-allow-origin"),
        "a page reads errors too"
    );
    assert!(
        refused
            .header("access-control-expose-headers")
            .contains("x-ratelimit-remaining")
    );
}

#[tokio::test]
async fn the_origins_can_be_set() {
    let gateway = Gateway::start_with(&[("CORS_ORIGINS", "https://shop.test")]).await;
    let ours = send(preflight(&gateway, "https://shop.test")).await;
    assert_eq!(
        ours.header("access-control-allow-origin"),
        "https://shop.test"
    );
    let local = send(preflight(&gateway, "http://localhost:5173")).await;
    assert!(!local.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn health_names_every_service_and_the_one_that_is_away() {
    let gateway = Gateway::start().await;
    let health = send(gateway.get("/health")).await;
    assert_eq!(
        (health.status.as_u16(), &health.body["status"]),
        (200, &"up".into())
    );
    assert_eq!(health.body["limits"], "shared");
    let upstreams = health.body["upstreams"].as_array().unwrap();
    assert_eq!(upstreams.len(), 6);
    assert!(
        upstreams
            .iter()
            .all(|one| one["state"] == "up" && one["ms"].is_u64())
    );

    let gateway = Gateway::start_with(&[("EDGE_NOTIFICATION_URL", NOBODY)]).await;
    let health = send(gateway.get("/health")).await;
    assert_eq!(
        (health.status.as_u16(), &health.body["status"]),
        (503, &"degraded".into())
    );
    let down: Vec<_> = health.body["upstreams"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["state"] == "down")
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(down, ["notification"]);
}

#[tokio::test]
async fn requests_are_measured_by_resource_not_by_path() {
    let gateway = Gateway::start().await;
    for id in 0..3 {
        send(gateway.get(&format!("/api/v1/inventory/{id}"))).await;
    }
    let count = gateway.metric(&[
        "http_server_request_duration_seconds_count",
        r#"http_route="/api/v1/inventory/{*rest}""#,
    ]);
    assert_eq!(count, 3.0);
}
