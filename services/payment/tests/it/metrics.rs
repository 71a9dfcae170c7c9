//! What the contract with dashboards and alerts says of this service is there after a payment.

use chassis::{metrics::Exposition, testing::scrape::Scrape};
use uuid::Uuid;

use crate::support::Shop;

#[tokio::test]
async fn a_payment_shows_in_the_metrics_of_the_contract() {
    let shop = Shop::open().await;
    shop.pay(Uuid::now_v7(), "tok_visa").await;
    let scrape = Scrape::of(&shop.running, Exposition::OpenMetrics).await;
    scrape.assert_has(&[
        "payments_processed_total{provider,outcome}",
        "payment_duration_seconds{provider}",
        "payment_provider_failovers_total{from,to}",
        "payment_unsettled",
        "db_client_connection_count{state}",
        "db_client_connection_max",
        "db_client_connection_pending_requests",
        "db_client_connection_wait_time_seconds",
        "db_client_connection_timeouts_total",
        "outbox_published_total{topic}",
        "http_client_request_duration_seconds{edge,outcome}",
        "resilience4j_circuitbreaker_state{name,state}",
    ]);
    let captured = [("provider", "stripe"), ("outcome", "captured")];
    assert_eq!(scrape.value("payments_processed_total", &captured), 1.0);
    assert_eq!(scrape.value("payment_duration_seconds_count", &[]), 1.0);
    let at_the_edge = [("provider", "stripe"), ("le", "0.1")];
    assert!(scrape.samples.iter().any(|sample| {
        sample.name == "payment_duration_seconds_bucket"
            && at_the_edge
                .iter()
                .all(|(label, value)| sample.labels[*label] == *value)
    }));
    shop.close().await;
}
