//! What the contract with dashboards and alerts says of this service is there after one mail.

use chassis::{
    metrics::Exposition,
    testing::{scrape::Scrape, wait_for},
};

use crate::support::{LIMIT, Notification};

#[tokio::test]
async fn a_mail_shows_in_the_metrics_of_the_contract() {
    let notification = Notification::start().await;
    notification.customer("Ada").await;
    let [users, ..] = notification.topics;
    let done = [("topic", users), ("outcome", "done")];
    let mut scrape = Scrape::default();
    // Counted after the mail has gone.
    wait_for(LIMIT, async || {
        scrape = Scrape::of(&notification.running, Exposition::OpenMetrics).await;
        scrape.value("consumer_messages_total", &done) == 1.0
    })
    .await;
    scrape.assert_has(&[
        "notifications_total{kind,outcome}",
        "consumer_messages_total{consumer,topic,outcome}",
        "consumer_process_duration_seconds{consumer,topic}",
        "event_delivery_seconds{consumer,topic}",
        "resilience4j_circuitbreaker_state{name,state}",
    ]);
    let delivered = scrape.value("event_delivery_seconds_count", &[("topic", users)]);
    assert_eq!(delivered, 1.0);
}
