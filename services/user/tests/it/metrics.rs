//! What the contract with dashboards and alerts says of this service is there after a customer has logged in.

use chassis::testing::scrape::Scrape;

use crate::support::App;

#[tokio::test]
async fn a_customer_shows_in_the_metrics_of_the_contract() {
    let app = App::start().await;
    // The administrator is registered when the service starts.
    let before = Scrape::parse(&app.metrics());
    app.customer().await;
    let scrape = Scrape::parse(&app.metrics());
    scrape.assert_has(&[
        "users_registered_total",
        "user_logins_total{outcome}",
        "http_server_request_duration_seconds{http_request_method,http_route,http_response_status_code}",
        "db_client_connection_count{state}",
        "db_client_connection_max",
        "db_client_connection_pending_requests",
        "db_client_connection_wait_time_seconds",
        "db_client_connection_timeouts_total",
        "outbox_published_total{topic}",
    ]);
    let more = |name, labels| scrape.value(name, labels) - before.value(name, labels);
    assert_eq!(more("users_registered_total", &[]), 1.0);
    assert_eq!(more("user_logins_total", &[("outcome", "succeeded")]), 1.0);
}
