//! What the contract with dashboards and alerts says of this service is there after an order of each kind.

use chassis::testing::wait_for;

use crate::shop::{LIMIT, Shop};

#[tokio::test]
async fn orders_and_their_sagas_show_in_the_metrics_of_the_contract() {
    let shop = Shop::open(5, &[("SAGA_POLL_MS", "50")]).await;
    for token in ["tok_visa", "tok_chargeDeclined"] {
        let id = shop.order(2, token).await.body["id"]
            .as_str()
            .unwrap()
            .to_owned();
        shop.settled(&id).await;
    }
    // Set by the recovery worker's next round.
    wait_for(LIMIT, async || {
        !shop
            .scrape()
            .await
            .label_values("sagas_open", "state")
            .is_empty()
    })
    .await;

    let scrape = shop.scrape().await;
    scrape.assert_has(&[
        "http_server_request_duration_seconds{http_request_method,http_route,http_response_status_code}",
        "http_client_request_duration_seconds{edge,outcome}",
        "client_retry_attempts_total{edge,outcome}",
        "resilience4j_circuitbreaker_state{name,state}",
        "resilience4j_circuitbreaker_calls_seconds{name,kind}",
        "resilience4j_circuitbreaker_calls_seconds_max{name,kind}",
        "resilience4j_circuitbreaker_not_permitted_calls_total{name,kind}",
        "resilience4j_circuitbreaker_buffered_calls{name,kind}",
        "resilience4j_circuitbreaker_slow_calls{name,kind}",
        "resilience4j_circuitbreaker_failure_rate{name}",
        "resilience4j_circuitbreaker_slow_call_rate{name}",
        "resilience4j_retry_calls_total{name,kind}",
        "resilience4j_bulkhead_available_concurrent_calls{name}",
        "resilience4j_bulkhead_max_allowed_concurrent_calls{name}",
        "circuit_breaker_transitions_total{edge,from,to}",
        "orders_created_total{currency}",
        "orders_finished_total{status,reason}",
        "orders_paid_minor_units_total{currency}",
        "saga_duration_seconds{status}",
        "saga_step_duration_seconds{step,outcome}",
        "saga_compensations_total{step,outcome}",
        "sagas_open{state}",
        "db_client_connection_count{state}",
        "db_client_connection_max",
        "db_client_connection_pending_requests",
        "db_client_connection_wait_time_seconds",
        "db_client_connection_timeouts_total",
        "outbox_published_total{topic}",
        "consumer_messages_total{consumer,topic,outcome}",
        "consumer_process_duration_seconds{consumer,topic}",
        "event_delivery_seconds{consumer,topic}",
        "cache_requests_total{cache,outcome}",
    ]);
    assert_eq!(
        scrape.value("orders_created_total", &[("currency", "EUR")]),
        2.0
    );
    assert_eq!(scrape.value("orders_paid_minor_units_total", &[]), 1000.0);
    let released = [("step", "release"), ("outcome", "done")];
    assert_eq!(scrape.value("saga_compensations_total", &released), 1.0);
    let edges = scrape.label_values("resilience4j_circuitbreaker_state", "name");
    let expected = [
        "order->inventory",
        "order->payment",
        "order->product",
        "order->user.jwks",
    ];
    assert_eq!(Vec::from_iter(edges), expected);
    let charged = [
        ("name", "order->payment"),
        ("kind", "successful_without_retry"),
    ];
    assert_eq!(
        scrape.value("resilience4j_retry_calls_total", &charged),
        2.0
    );
}
