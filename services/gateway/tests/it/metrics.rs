//! What the contract with dashboards and alerts says of the door is there after one request.

use chassis::{metrics::Exposition, testing::scrape::Scrape};
use reqwest::Method;

use crate::support::{Gateway, send};

#[tokio::test]
async fn a_request_through_the_door_shows_in_the_metrics_of_the_contract() {
    let gateway = Gateway::start().await;
    send(gateway.as_customer(Method::GET, "/api/v1/orders")).await;
    let scrape = Scrape::of(&gateway.running, Exposition::OpenMetrics).await;
    scrape.assert_has(&[
        "gateway_rate_limit_decisions_total{tier,decision}",
        "gateway_redis_fallbacks_total",
        "http_server_request_duration_seconds{http_request_method,http_route,http_response_status_code}",
        "http_client_request_duration_seconds{edge,outcome}",
        "client_retry_attempts_total{edge,outcome}",
        "resilience4j_circuitbreaker_state{name,state}",
        "resilience4j_bulkhead_available_concurrent_calls{name}",
        "cache_requests_total{cache,outcome}",
    ]);
    let breakers = scrape.label_values("resilience4j_circuitbreaker_state", "name");
    assert!(breakers.contains("gateway->redis"), "{breakers:?}");
    let answered = [("edge", "gateway->order"), ("outcome", "answered")];
    let count = "http_client_request_duration_seconds_count";
    assert_eq!(scrape.value(count, &answered), 1.0);
    let looked_up = [("cache", "jwks"), ("outcome", "miss")];
    assert_eq!(scrape.value("cache_requests_total", &looked_up), 1.0);
}
