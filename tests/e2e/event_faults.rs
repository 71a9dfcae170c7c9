//! What a broker may do to events: deliver them again, in another order, and with rubbish among them. On the lab's own
//! broker, with the records that the services have published themselves.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::{Headers as _, OwnedMessage},
    producer::{FutureProducer, FutureRecord},
};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, eventually, text},
};

const TOPICS: [&str; 5] = [
    "user.events",
    "product.events",
    "inventory.events",
    "order.events",
    "payment.events",
];
/// What order reads of payment's topic.
const READ_BY_ORDER: [&str; 3] = ["PaymentCompleted", "PaymentFailed", "PaymentRefunded"];
/// Inboxes, and whose they are.
const INBOXES: [(&str, &str); 3] = [
    ("order", "order.payments.inbox"),
    ("inventory", "inventory.orders.inbox"),
    ("inventory", "inventory.products.inbox"),
];
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_come_again_backwards_and_among_rubbish_change_nothing() {
    let lab = tokio::task::spawn_blocking(|| Lab::start("event-faults"))
        .await
        .unwrap();
    let customer = Person::customer(&lab).await;
    let product = product_with_stock(&lab, 100).await;
    trade(&lab, &customer, &product).await;
    balanced(&lab, "before");
    let (orders, stock) = (seen(&customer).await, units(&customer, &product).await);
    let records = published(&lab);
    let for_order = records.iter().filter(|one| is_read_by_order(one)).count() as f64;
    assert!(for_order >= 5.0, "{for_order}");
    let same = async |why: &str| {
        balanced(&lab, why);
        assert_eq!(seen(&customer).await, orders, "{why}");
        assert_eq!(units(&customer, &product).await, stock, "{why}");
    };

    let before = applied(&lab, "duplicate").await;
    publish_backwards(&lab, &records).await;
    eventually("all duplicates are noticed", LIMIT, async || {
        applied(&lab, "duplicate").await - before >= for_order
    })
    .await;
    same("after every event came again, the last one first").await;

    // What each event does is harmless the second time, and late: the inbox is not all that stands between it and the books.
    for (service, inbox) in INBOXES {
        switch_off(&lab, service, inbox).await;
    }
    let before = applied(&lab, "done").await;
    publish_backwards(&lab, &records).await;
    eventually("all are applied a second time", LIMIT, async || {
        applied(&lab, "done").await - before >= for_order
    })
    .await;
    same("after every event was applied again, the last one first").await;

    poison(&lab).await;
    trade(&lab, &customer, &product).await;
    balanced(&lab, "with rubbish in every topic");
    assert_eq!(lab.down(), Vec::<u64>::new());
}

/// Paid and refunded in two parts, so that the order of events matters; paid and undone; declined.
async fn trade(lab: &Lab, customer: &Person, product: &str) {
    let shop = Person::administrator(lab).await;
    let refunded = customer.order(product, 2, "tok_visa").await.expect(201);
    for cents in [100, 250] {
        let payment = refunded["payment_id"].as_str().unwrap();
        shop.refund(payment, cents).await.expect(201);
    }
    let undone = customer.order(product, 1, "tok_visa").await.expect(201);
    let cancel = format!("/api/v1/orders/{}/cancel", undone["id"].as_str().unwrap());
    let cancelled = customer
        .post(&cancel, &json!({ "reason": "changed my mind" }))
        .await;
    assert!(cancelled.status.is_success(), "{}", cancelled.body);
    let declined = customer.order(product, 1, "tok_chargeDeclined").await;
    declined.expect(201);
}

fn balanced(lab: &Lab, why: &str) {
    let audited = lab.faultline(&["audit", "--patience", "30"]);
    assert!(audited.status.success(), "{why}: {}", text(&audited));
}

/// All orders of a customer, by id.
async fn seen(customer: &Person) -> BTreeMap<String, Value> {
    let listed = customer.get("/api/v1/orders?limit=100").await.expect(200);
    let orders = listed["items"].as_array().unwrap().iter();
    let by_id = |order: &Value| (order["id"].as_str().unwrap().to_owned(), order.clone());
    orders.map(by_id).collect()
}

async fn units(customer: &Person, product: &str) -> Value {
    let path = format!("/api/v1/inventory/{product}");
    customer.get(&path).await.expect(200)["available"].clone()
}

/// Everything that stands in the topics now.
fn published(lab: &Lab) -> Vec<OwnedMessage> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", lab.env("KAFKA_BROKERS"))
        .set("group.id", "event-faults")
        .create()
        .unwrap();
    let (mut all, mut left) = (TopicPartitionList::new(), 0);
    for topic in TOPICS {
        let metadata = consumer.fetch_metadata(Some(topic), LIMIT).unwrap();
        for partition in metadata.topics()[0].partitions() {
            let ends = consumer.fetch_watermarks(topic, partition.id(), LIMIT);
            let (low, high) = ends.unwrap();
            left += high - low;
            all.add_partition_offset(topic, partition.id(), Offset::Beginning)
                .unwrap();
        }
    }
    consumer.assign(&all).unwrap();
    let give_up = Instant::now() + LIMIT;
    let mut records = Vec::new();
    while (records.len() as i64) < left {
        assert!(Instant::now() < give_up, "{} of {left}", records.len());
        if let Some(message) = consumer.poll(Duration::from_secs(1)) {
            records.push(message.unwrap().detach());
        }
    }
    records
}

fn is_read_by_order(record: &OwnedMessage) -> bool {
    let mut headers = record.headers().into_iter().flat_map(|all| all.iter());
    let event_type = headers.find(|header| header.key == "ce_type");
    let event_type = event_type.and_then(|header| header.value);
    record.topic() == "payment.events"
        && READ_BY_ORDER
            .iter()
            .any(|one| Some(one.as_bytes()) == event_type)
}

/// The same records once more, the last one first.
async fn publish_backwards(lab: &Lab, records: &[OwnedMessage]) {
    let producer = producer(lab);
    let again = |record: &OwnedMessage| {
        let again = FutureRecord::to(record.topic())
            .key(record.key().unwrap_or_default())
            .payload(record.payload().unwrap_or_default())
            .headers(record.headers().unwrap().clone());
        producer.send_result(again).map_err(|(error, _)| error)
    };
    // One after the other into the producer's queue, which keeps the order.
    let sent: Result<Vec<_>, _> = records.iter().rev().map(again).collect();
    for delivery in sent.unwrap() {
        delivery.await.unwrap().unwrap();
    }
}

fn producer(lab: &Lab) -> FutureProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", lab.env("KAFKA_BROKERS"));
    config.create().unwrap()
}

/// How many messages order's consumer has ended with so.
async fn applied(lab: &Lab, outcome: &str) -> f64 {
    let url = lab.admin("order", "/metrics");
    let page = Client::new().get(url).send().await.unwrap().text();
    let page = page.await.unwrap();
    let outcome = format!("outcome=\"{outcome}\"");
    let series = page.lines().filter(|line| {
        line.starts_with("consumer_messages_total{")
            && line.contains("consumer=\"order.payments\"")
            && line.contains(&outcome)
    });
    let value = |line: &str| line.rsplit(' ').next()?.parse::<f64>().ok();
    series.filter_map(value).sum()
}

async fn switch_off(lab: &Lab, service: &str, protection: &str) {
    let url = lab.admin(service, &format!("/protections/{protection}"));
    let off = json!({ "on": false, "lease_ms": 300_000 });
    let switched = Client::new().put(url).json(&off).send().await.unwrap();
    assert_eq!(switched.status(), 204, "{protection}");
}

/// Something that is no event, in every topic: each consumer puts it aside, and goes on.
async fn poison(lab: &Lab) {
    let producer = producer(lab);
    for topic in TOPICS {
        let rubbish = FutureRecord::to(topic).key("k").payload("{ no event");
        producer.send(rubbish, LIMIT).await.unwrap();
    }
    let consumers = [
        "inventory.orders",
        "inventory.products",
        "order.payments",
        "notification",
    ];
    eventually("each consumer has put it aside", LIMIT, async || {
        let letters = lab.json(&["dlq", "list", "--json"]).to_string();
        letters.contains("no event") && consumers.iter().all(|one| letters.contains(one))
    })
    .await;
}
