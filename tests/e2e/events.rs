//! Events keep their contract: what the services really publish fits contracts/events and contracts/asyncapi.json, member
//! by member, and whoever reads them does not mind what it does not know.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jsonschema::Validator;
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{Consumer as _, StreamConsumer},
    message::{Header, Headers as _, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    client::{PASSWORD, Person, product_with_stock},
    lab::{Lab, eventually, shared},
};

/// Whoever writes events.
const WRITERS: [&str; 5] = ["user", "product", "inventory", "order", "payment"];

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts")
}

fn json_file(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The schemas by type and version, stricter than a reader may be: a member that no schema knows is a promise that nobody
/// wrote down.
fn schemas() -> BTreeMap<(String, String), Validator> {
    let files = fs::read_dir(contracts().join("events")).unwrap().flatten();
    let schema = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (event_type, rest) = name.split_once(".v").expect("Type.v1.json");
        let version = rest.strip_suffix(".json").expect("Type.v1.json");
        let mut schema = json_file(&path);
        close(&mut schema);
        let validator = jsonschema::options().should_validate_formats(true);
        let validator = validator.build(&schema).unwrap();
        ((event_type.to_owned(), version.to_owned()), validator)
    };
    files.map(|file| schema(file.path())).collect()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Which topic a type belongs to, as the AsyncAPI document says.
fn topics() -> BTreeMap<String, String> {
    let document = json_file(&contracts().join("asyncapi.json"));
    let mut topics = BTreeMap::new();
    for channel in document["channels"].as_object().unwrap().values() {
        for event_type in channel["messages"].as_object().unwrap().keys() {
            let topic = channel["address"].as_str().unwrap().to_owned();
            topics.insert(event_type.clone(), topic);
        }
    }
    topics
}

/// Makes everything happen that there is an event for.
async fn live(lab: &Lab) {
    let product = product_with_stock(lab, 9).await;
    let (shop, customer) = (
        Person::administrator(lab).await,
        Person::customer(lab).await,
    );
    shop.send(
        Method::POST,
        &format!("/api/v1/inventory/{product}/restock"),
        Some(json!({ "quantity": 1 }).to_string()),
        &[("idempotency-key", &Uuid::now_v7().to_string())],
    )
    .await
    .expect(200);

    // Declined; paid, shipped and partly refunded; paid and undone.
    let declined = customer.order(&product, 1, "tok_chargeDeclined").await;
    declined.expect(201);
    let shipped = customer.order(&product, 1, "tok_visa").await.expect(201);
    let status = format!("/api/v1/orders/{}/status", shipped["id"].as_str().unwrap());
    let ship = json!({ "status": "shipped" }).to_string();
    shop.send(Method::PATCH, &status, Some(ship), &[])
        .await
        .expect(200);
    let payment = shipped["payment_id"].as_str().unwrap();
    shop.refund(payment, 250).await.expect(201);
    let undone = customer.order(&product, 1, "tok_visa").await.expect(201);
    let cancel = format!("/api/v1/orders/{}/cancel", undone["id"].as_str().unwrap());
    let cancelled = customer
        .post(&cancel, &json!({ "reason": "changed my mind" }))
        .await;
    assert!(cancelled.status.is_success(), "{}", cancelled.body);

    let path = format!("/api/v1/products/{product}");
    let name = json!({ "name": "Another kettle" }).to_string();
    shop.send(Method::PATCH, &path, Some(name), &[])
        .await
        .expect(200);
    let gone = shop.send(Method::DELETE, &path, None, &[]).await;
    assert_eq!(gone.status, 204);

    let me = "/api/v1/users/me";
    for change in [
        json!({ "name": "Somebody Else" }),
        json!({ "email": format!("moved-{}", customer.email) }),
    ] {
        let changed = customer.send(Method::PATCH, me, Some(change.to_string()), &[]);
        changed.await.expect(200);
    }
    let out = customer
        .send(Method::POST, "/api/v1/auth/logout", None, &[])
        .await;
    assert_eq!(out.status, 204);
    let again = Person::stranger(lab);
    let again = again
        .log_in(&format!("moved-{}", customer.email), PASSWORD)
        .await;
    assert_eq!(again.send(Method::DELETE, me, None, &[]).await.status, 204);
}

#[tokio::test]
async fn every_event_that_is_published_fits_its_schema_and_every_schema_has_an_event() {
    let lab = shared().await;
    live(lab).await;
    let (schemas, topics) = (schemas(), topics());
    let written: BTreeSet<&String> = schemas.keys().map(|(event_type, _)| event_type).collect();
    assert_eq!(
        written,
        topics.keys().collect(),
        "schemas and asyncapi.json"
    );

    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", lab.env("KAFKA_BROKERS"))
        .set("group.id", "contracts")
        .create()
        .unwrap();
    let mut all = TopicPartitionList::new();
    for service in WRITERS {
        let topic = format!("{service}.events");
        let metadata = consumer.fetch_metadata(Some(&topic), Duration::from_secs(10));
        for partition in metadata.unwrap().topics()[0].partitions() {
            all.add_partition_offset(&topic, partition.id(), Offset::Beginning)
                .unwrap();
        }
    }
    consumer.assign(&all).unwrap();
    let mut missing: BTreeSet<_> = schemas.keys().cloned().collect();
    let give_up = Instant::now() + Duration::from_secs(60);
    while !missing.is_empty() {
        assert!(Instant::now() < give_up, "never published: {missing:?}");
        let Ok(message) = tokio::time::timeout(Duration::from_secs(5), consumer.recv()).await
        else {
            continue;
        };
        let message = message.unwrap();
        let header = |name: &str| {
            let found = message
                .headers()?
                .iter()
                .find(|header| header.key == name)?;
            Some(String::from_utf8_lossy(found.value?).into_owned())
        };
        // Other tests put junk there on purpose.
        let (Some(event_type), Some(version)) = (header("ce_type"), header("ce_dataversion"))
        else {
            continue;
        };
        let data: Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
        if data.get("unknown_member").is_some() || event_type == "SomethingNew" {
            continue;
        }
        assert_eq!(topics[&event_type], message.topic(), "{event_type}");
        let key = (event_type, version);
        let schema = schemas
            .get(&key)
            .unwrap_or_else(|| panic!("no schema for {key:?}"));
        let flaws: Vec<_> = schema
            .iter_errors(&data)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(flaws.is_empty(), "{key:?}: {flaws:?}\n{data:#}");
        missing.remove(&key);
    }
}

async fn publish(lab: &Lab, topic: &str, event_type: &str, subject: &str, data: &Value) {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", lab.env("KAFKA_BROKERS"))
        .create()
        .unwrap();
    let id = Uuid::now_v7().to_string();
    let attributes = [
        ("ce_specversion", "1.0"),
        ("ce_id", &id),
        ("ce_type", event_type),
        ("ce_source", "/services/tomorrow"),
        ("ce_time", "2026-01-01T00:00:00.000000Z"),
        ("ce_subject", subject),
        ("ce_sequence", "1"),
        ("ce_correlationid", "tomorrow"),
        ("ce_dataversion", "1"),
        ("ce_unknown", "extension"),
        ("content-type", "application/json"),
    ];
    let headers = attributes
        .into_iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value),
            })
        });
    let body = data.to_string();
    let record = FutureRecord::to(topic)
        .key(subject)
        .payload(&body)
        .headers(headers);
    producer
        .send(record, Duration::from_secs(10))
        .await
        .unwrap();
}

#[tokio::test]
async fn readers_ignore_types_and_members_that_they_do_not_know() {
    let lab = shared().await;
    let stranger = Person::stranger(lab);
    let product = Uuid::now_v7().to_string();
    for service in WRITERS {
        let topic = format!("{service}.events");
        publish(lab, &topic, "SomethingNew", &product, &json!({ "x": 1 })).await;
    }
    let data = json!({
        "product_id": product, "sku": "NEW", "name": "From tomorrow", "unknown_member": [1],
        "price": { "amount": 1, "currency": "EUR", "unknown_member": true },
    });
    publish(lab, "product.events", "ProductCreated", &product, &data).await;

    let path = format!("/api/v1/inventory/{product}");
    eventually(
        "the new product has stock",
        Duration::from_secs(30),
        async || stranger.get(&path).await.status == 200,
    )
    .await;
    // Whatever came before it in its topic was passed over, not put aside.
    let letters = lab.json(&["dlq", "list", "--json"]).to_string();
    assert!(
        !letters.contains("SomethingNew") && !letters.contains(&product),
        "{letters}"
    );
}
