//! What a scraper gets from a running service: bounded labels, both formats, quickly.

#![expect(
    clippy::disallowed_methods,
    reason = "a test speaks to its service over plain HTTP"
)]

use std::time::{Duration, Instant};

use axum::{Router, routing::get};
use chassis::{
    config::Env,
    metrics::Exposition,
    service::{self, Running},
    testing::scrape::Scrape,
};
use http::Method;
use uuid::Uuid;

async fn shop() -> Running {
    let build = |_| async { Ok(Router::new().route("/items/{id}", get(|| async { "item" }))) };
    service::start("shop", Env::default(), build).await.unwrap()
}

async fn ask(service: &Running, method: Method, path: &str) {
    let url = format!("{}{path}", service.url());
    let client = reqwest::Client::new();
    client.request(method, url).send().await.unwrap();
}

#[tokio::test]
async fn paths_and_methods_that_somebody_makes_up_are_no_series() {
    let shop = shop().await;
    for _ in 0..50 {
        let made_up = Uuid::now_v7();
        ask(&shop, Method::GET, &format!("/{made_up}")).await;
        ask(&shop, Method::GET, &format!("/items/{made_up}")).await;
        let method = format!("X{}", made_up.simple());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        ask(&shop, method, "/items/1").await;
    }

    let scrape = Scrape::of(&shop, Exposition::Text).await;
    let count = "http_server_request_duration_seconds_count";
    let labels = |label| Vec::from_iter(scrape.label_values(count, label));
    assert_eq!(labels("http_route"), ["/items/{id}", "unmatched"]);
    assert_eq!(labels("http_request_method"), ["GET", "_OTHER"]);
    assert_eq!(labels("http_response_status_code"), ["200", "404", "405"]);
    let active = scrape.label_values("http_server_active_requests", "http_request_method");
    assert_eq!(active.len(), 2);
    let unmatched = [("http_route", "unmatched")];
    assert_eq!(scrape.value(count, &unmatched), 50.0);
    shop.stop().await;
}

#[tokio::test]
async fn a_request_shows_in_the_metrics_of_the_contract() {
    let shop = shop().await;
    ask(&shop, Method::GET, "/items/1").await;
    let scrape = Scrape::of(&shop, Exposition::OpenMetrics).await;
    scrape.assert_has(&[
        "http_server_request_duration_seconds{http_request_method,http_route,http_response_status_code}",
        "http_server_active_requests{http_request_method}",
    ]);
    #[cfg(target_os = "linux")]
    scrape.assert_has(&[
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_start_time_seconds",
    ]);
    shop.stop().await;
}

#[tokio::test]
async fn a_scrape_of_thousands_of_series_is_ready_within_fifty_milliseconds() {
    let shop = shop().await;
    let metrics = &shop.context().metrics;
    // Two hundred statements: far more than a service has. Each makes 17 lines.
    for statement in 0..200 {
        metrics.db_operation(&format!("SELECT {statement}"), Duration::from_millis(3));
    }
    let mut took = Vec::new();
    for _ in 0..10 {
        let started = Instant::now();
        assert!(metrics.expose(Exposition::OpenMetrics).lines().count() > 3_000);
        took.push(started.elapsed());
    }
    // The best of ten: the machine may be busy with other things.
    let best = took.iter().min().unwrap();
    assert!(*best < Duration::from_millis(50), "{took:?}");
    shop.stop().await;
}
