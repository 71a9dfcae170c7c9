//! A service behind the door fails: quick answers that say so, and no harm to the others.

use std::time::{Duration, Instant};

use chassis::testing::{free_addr, wait_for};
use reqwest::Method;

use crate::{
    support::{Gateway, LIMIT, send},
    upstream::{ANSWER, HANG, Upstream},
};

#[tokio::test]
async fn the_breaker_opens_refuses_at_once_and_closes_when_the_service_is_back() {
    let addr = free_addr();
    let gateway = Gateway::start_with(&[("EDGE_ORDER_URL", &format!("http://{addr}"))]).await;
    let order = || send(gateway.as_customer(Method::POST, "/api/v1/orders"));
    let state = |state| {
        gateway.metric(&[
            "resilience4j_circuitbreaker_state",
            r#""gateway->order""#,
            &format!(r#""{state}""#),
        ])
    };
    for _ in 0..20 {
        let answer = order().await;
        assert_eq!(answer.problem(), (503, "upstream_unavailable"));
        assert_eq!(answer.body["retryable"], true);
    }
    assert_eq!(state("open"), 1.0);
    let started = Instant::now();
    let answer = order().await;
    assert_eq!(answer.problem(), (503, "upstream_unavailable"));
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "nobody is asked"
    );
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    let health = send(gateway.get("/health")).await;
    assert_eq!(
        (health.status.as_u16(), &health.body["status"]),
        (503, &"degraded".into())
    );
    let others = send(gateway.get("/api/v1/products")).await;
    assert_eq!(others.status, 200);

    let back = Upstream::start_at("order", addr).await;
    wait_for(LIMIT, async || {
        order().await;
        state("closed") == 1.0
    })
    .await;
    assert!(back.hits() > 0);
    assert_eq!(order().await.status, 200);
}

#[tokio::test]
async fn a_service_that_answers_only_errors_opens_its_breaker_too() {
    let gateway = Gateway::start().await;
    let failing = || {
        let request = gateway.as_customer(Method::POST, "/api/v1/payments/1/refunds");
        send(request.header(ANSWER, 500))
    };
    for _ in 0..20 {
        let answer = failing().await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["upstream"]),
            (500, &"payment".into())
        );
    }
    assert_eq!(failing().await.problem(), (503, "upstream_unavailable"));
    assert_eq!(gateway.upstream("payment").hits(), 20);
    let health = send(gateway.get("/health")).await;
    let payment = health.body["upstreams"].as_array().unwrap();
    let payment = payment.iter().find(|one| one["name"] == "payment").unwrap();
    assert_eq!(payment["state"], "open");
}

#[tokio::test]
async fn refusals_of_a_healthy_service_open_nothing() {
    let gateway = Gateway::start().await;
    for _ in 0..40 {
        let request = gateway.as_customer(Method::POST, "/api/v1/orders");
        assert_eq!(send(request.header(ANSWER, 409)).await.status, 409);
    }
    assert_eq!(
        send(gateway.as_customer(Method::GET, "/api/v1/orders"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_504_in_time() {
    let gateway = Gateway::start_with(&[
        ("EDGE_ORDER_DEADLINE_MS", "300"),
        ("EDGE_ORDER_TRY_TIMEOUT_MS", "300"),
    ])
    .await;
    let started = Instant::now();
    let request = gateway.as_customer(Method::POST, "/api/v1/orders");
    let answer = send(request.header(HANG, "1")).await;
    assert_eq!(answer.problem(), (504, "upstream_timeout"));
    assert_eq!(answer.header("retry-after"), "1");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(
        gateway.upstream("order").hits(),
        1,
        "a write is not repeated"
    );
}

#[tokio::test]
async fn a_read_is_repeated_when_the_service_was_busy_and_a_write_is_not() {
    let gateway = Gateway::start_with(&[("EDGE_ORDER_ATTEMPTS_MAX", "2")]).await;
    let busy = |method| {
        gateway
            .as_customer(method, "/api/v1/orders")
            .header(ANSWER, 502)
    };
    assert_eq!(send(busy(Method::POST)).await.status, 502);
    assert_eq!(gateway.upstream("order").hits(), 1);
    assert_eq!(send(busy(Method::GET)).await.status, 502);
    assert_eq!(gateway.upstream("order").hits(), 3);
}
