//! The lab from its operator's side: read model, dead letters, side by side, down.

use std::time::Duration;

use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
};
use serde_json::json;

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, eventually, shared, text},
};

#[tokio::test]
async fn the_read_model_rebuilt_from_events_equals_the_live_one() {
    let lab = shared().await;
    let product = product_with_stock(lab, 9).await;
    let (customer, shop) = (
        Person::customer(lab).await,
        Person::administrator(lab).await,
    );
    let order = customer.order(&product, 2, "tok_visa").await.expect(201);
    customer
        .order(&product, 1, "tok_chargeDeclined")
        .await
        .expect(201);
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    let before = customer.get(&path).await.expect(200);

    let compared = shop.get("/api/v1/orders/read-model").await.expect(200);
    let rebuilt = shop
        .post("/api/v1/orders/read-model/rebuild", &json!({}))
        .await
        .expect(200);

    assert_eq!(compared["differing"], json!([]));
    assert!(rebuilt["orders"].as_u64().unwrap() >= 2);
    let after = customer.get(&path).await.expect(200);
    for field in ["status", "items", "total", "payment_id", "version"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    let compared = shop.get("/api/v1/orders/read-model").await.expect(200);
    assert_eq!(compared["differing"], json!([]));
}

#[tokio::test]
async fn a_poison_message_lands_in_the_dead_letter_topic_and_the_consumer_goes_on() {
    let lab = shared().await;
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", lab.env("KAFKA_BROKERS"))
        .create()
        .unwrap();
    let junk = FutureRecord::<str, str>::to("payment.events")
        .payload("not an event")
        .key("k");
    producer.send(junk, Duration::from_secs(10)).await.unwrap();
    eventually(
        "the poison is a dead letter",
        Duration::from_secs(30),
        async || {
            let letters = lab.json(&["dlq", "list", "--json"]);
            letters
                .as_array()
                .unwrap()
                .iter()
                .any(|letter| letter["body"] == "not an event")
        },
    )
    .await;
    // The consumers behind it still apply what comes: a refund reaches its order.
    let product = product_with_stock(lab, 5).await;
    let (customer, shop) = (
        Person::customer(lab).await,
        Person::administrator(lab).await,
    );
    let order = customer.order(&product, 1, "tok_visa").await.expect(201);
    let payment = order["payment_id"].as_str().unwrap();
    shop.refund(payment, 250).await.expect(201);
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    eventually(
        "the refund is noted on the order",
        Duration::from_secs(20),
        async || customer.get(&path).await.expect(200)["refunded"]["amount"] == 250,
    )
    .await;
    lab.assert_balanced("with a partial refund and a dead letter");
}

#[tokio::test]
async fn a_second_lab_runs_beside_the_first_and_leaves_nothing_behind() {
    let first = shared().await;
    let second = tokio::task::spawn_blocking(|| Lab::start("beside"))
        .await
        .unwrap();
    assert_ne!(first.env("GATEWAY_URL"), second.env("GATEWAY_URL"));
    let smoke = second.faultline(&["smoke", "--json"]);
    assert!(smoke.status.success(), "{}", text(&smoke));
    assert_eq!(second.down(), Vec::<u64>::new());
    assert_eq!(second.faultline(&["status"]).status.code(), Some(1));
    assert_eq!(first.json(&["status", "--json"])["ready"], true);
}
