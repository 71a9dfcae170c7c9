//! Business metrics on the admin port.

use chassis::{metrics::Exposition, testing::scrape::Scrape};
use uuid::Uuid;

use crate::support::Inventory;

#[tokio::test]
async fn units_are_counted_where_they_move_and_repeats_are_not() {
    let inventory = Inventory::start().await;
    let (product, order, other) = (inventory.product(10).await, Uuid::now_v7(), Uuid::now_v7());
    for _ in 0..2 {
        inventory.reserve(order, &[(product, 3)]).await;
    }
    inventory.reserve(other, &[(product, 8)]).await;
    inventory.reserve(other, &[(product, 2)]).await;
    for _ in 0..2 {
        inventory.commit(order).await;
        inventory.release(other).await;
    }
    inventory.release(order).await;
    let scrape = Scrape::of(&inventory.running, Exposition::OpenMetrics).await;
    for (movement, units) in [
        ("received", 10.0),
        ("reserved", 5.0),
        ("committed", 3.0),
        ("released", 2.0),
        ("expired", 0.0),
        ("returned", 3.0),
    ] {
        let moved = scrape.value("stock_units_total", &[("movement", movement)]);
        assert_eq!(moved, units, "{movement}");
    }
    for (outcome, count) in [("reserved", 2.0), ("repeated", 1.0), ("out_of_stock", 1.0)] {
        let counted = scrape.value("inventory_reservations_total", &[("outcome", outcome)]);
        assert_eq!(counted, count, "{outcome}");
    }
    scrape.assert_has(&[
        "stock_units_total{movement}",
        "consumer_messages_total{consumer,topic,outcome}",
        "event_delivery_seconds{consumer,topic}",
        "db_client_connection_count{state}",
        "db_client_connection_max",
        "db_client_connection_pending_requests",
        "db_client_connection_wait_time_seconds",
        "db_client_connection_timeouts_total",
        "outbox_published_total{topic}",
        "cache_requests_total{cache,outcome}",
    ]);
    inventory.finish().await;
}
