//! What can never become a mail is put aside with the reason, and the next event is not held up.

use chassis::testing::wait_for;
use serde_json::json;

use crate::support::{Customer, LIMIT, Notification, event};

#[tokio::test]
async fn an_event_without_its_members_is_a_dead_letter_and_the_next_one_a_mail() {
    let notification = Notification::start().await;
    let ada = notification.customer("Ada").await;
    let good = ada.paid();
    // Under the same key, so that the good one is behind the bad one.
    let bad = event("OrderPaid", good.subject, 1, json!({ "order_id": 7 }));
    notification.tell(&bad).await;
    notification.tell(&good).await;
    notification.mails(&ada, 2).await;
    let reasons = notification.dead_letters(notification.topics[1]).await;
    assert_eq!(reasons.len(), 1);
    assert!(
        reasons[0].contains("data of OrderPaid does not fit"),
        "{reasons:?}"
    );
    notification.stop().await;
}

#[tokio::test]
async fn an_address_that_is_none_is_a_dead_letter_and_can_be_redriven() {
    let notification = Notification::start().await;
    let nowhere = Customer {
        email: "not an address".to_owned(),
        ..Customer::new("Nowhere")
    };
    notification.tell(&nowhere.registered()).await;
    notification.outcomes("dead_lettered", 1).await;
    let users = notification.topics[0];
    let reasons = notification.dead_letters(users).await;
    assert!(reasons[0].contains("not deliverable"), "{reasons:?}");
    assert_eq!(
        notification.metric(&["notifications_total", "undeliverable"]),
        1.0
    );

    let brokers = chassis::testing::env("TEST_KAFKA_BROKERS");
    chassis::events::dead_letters::redrive(&brokers, users, 10)
        .await
        .unwrap();
    let tried_again = ["notifications_total", "undeliverable"];
    wait_for(LIMIT, async || notification.metric(&tried_again) >= 2.0).await;
    notification.stop().await;
}
