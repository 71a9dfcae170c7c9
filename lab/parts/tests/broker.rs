//! The broker with a real client: topics, groups, headers, and nothing lost when it is killed.

use std::{collections::BTreeSet, path::Path, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use parts::{broker::Broker, free_port};
use rdkafka::{
    ClientConfig, Message as _,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{CommitMode, Consumer as _, StreamConsumer},
    message::{BorrowedMessage, Header, Headers as _, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
use tokio::{process::Child, time::timeout};

use crate::support::{eventually, kill_hard, start, state};

const TOPIC: &str = "orders";
const MESSAGES: u32 = 500;
const PATIENCE: Duration = Duration::from_secs(40);

async fn started(state: &Path, part: &Broker) -> Result<Child> {
    let child = start(state, &part.launch()?)?;
    eventually(|| part.ready()).await?;
    Ok(child)
}

fn config(part: &Broker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", part.bootstrap())
        .set("fetch.wait.max.ms", "20")
        .set("session.timeout.ms", "6000")
        .set("reconnect.backoff.max.ms", "200");
    config
}

async fn create_topic(part: &Broker) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = config(part).create()?;
    let topic = NewTopic::new(TOPIC, 3, TopicReplication::Fixed(1));
    let made = admin.create_topics([&topic], &AdminOptions::new()).await?;
    made.into_iter()
        .next()
        .context("no answer for the topic")?
        .map_err(|(name, code)| anyhow!("{name}: {code}"))?;
    Ok(())
}

async fn produce(producer: &FutureProducer, number: u32) -> Result<()> {
    let (key, payload) = (format!("k{}", number % 7), number.to_string());
    let record = FutureRecord::to(TOPIC).key(&key).payload(&payload);
    producer
        .send(record, Timeout::After(PATIENCE))
        .await
        .map_err(|(error, _)| error)?;
    Ok(())
}

fn consumer(part: &Broker, group: &str) -> Result<StreamConsumer> {
    let mut config = config(part);
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest");
    let consumer: StreamConsumer = config.create()?;
    consumer.subscribe(&[TOPIC])?;
    Ok(consumer)
}

/// Receives until `wanted` different numbers have come, then commits.
async fn receive(consumer: &StreamConsumer, wanted: u32) -> Result<BTreeSet<u32>> {
    let mut seen = BTreeSet::new();
    while seen.len() < wanted as usize {
        let received = timeout(PATIENCE, consumer.recv()).await;
        let message = received.with_context(|| format!("only {} messages came", seen.len()))??;
        let payload = message.payload().context("a message without payload")?;
        seen.insert(std::str::from_utf8(payload)?.parse()?);
    }
    consumer.commit_consumer_state(CommitMode::Sync)?;
    Ok(seen)
}

#[tokio::test]
async fn acknowledged_messages_and_committed_offsets_survive_hard_kills() -> Result<()> {
    let state = state()?;
    let part = Broker::locate(state.path(), free_port()?)?;
    let broker = started(state.path(), &part).await?;
    create_topic(&part).await?;

    let producer: FutureProducer = config(&part)
        .set("enable.idempotence", "true")
        .set("linger.ms", "0")
        .create()?;
    for number in 0..MESSAGES / 2 {
        produce(&producer, number).await?;
    }
    kill_hard(broker).await?;
    let broker = started(state.path(), &part).await?;
    for number in MESSAGES / 2..MESSAGES {
        produce(&producer, number).await?;
    }
    let first = receive(&consumer(&part, "auditors")?, MESSAGES).await?;
    assert_eq!(first, (0..MESSAGES).collect());

    kill_hard(broker).await?;
    let _broker = started(state.path(), &part).await?;
    produce(&producer, MESSAGES).await?;
    let after = receive(&consumer(&part, "auditors")?, 1).await?;
    assert_eq!(
        after,
        BTreeSet::from([MESSAGES]),
        "committed messages came again"
    );
    Ok(())
}

fn headers_of(message: &BorrowedMessage<'_>) -> Vec<(String, Option<Vec<u8>>)> {
    let headers = message.headers().map(|headers| headers.iter());
    headers
        .into_iter()
        .flatten()
        .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
        .collect()
}

#[tokio::test]
async fn headers_arrive_as_they_were_sent_whatever_they_are() -> Result<()> {
    let state = state()?;
    let part = Broker::locate(state.path(), free_port()?)?;
    let _broker = started(state.path(), &part).await?;
    create_topic(&part).await?;
    let producer: FutureProducer = config(&part).create()?;
    let long = "x".repeat(70_000);
    let sent: [&[(&str, Option<&str>)]; 4] = [
        &[
            ("ce_id", Some("1")),
            ("ce_id", Some("the same name again")),
            ("", Some("no name")),
            ("empty", Some("")),
            ("null", None),
            ("long", Some(&long)),
        ],
        &[],
        // The name that the broker itself uses in its log.
        &[("faultline.folded", Some("a client's own"))],
        &[("faultline.folded", None), ("ce_id", Some("2"))],
    ];
    for headers in sent {
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, &(key, value)| {
                headers.insert(Header { key, value })
            });
        // One key: one partition, and so one order.
        let record = FutureRecord::to(TOPIC)
            .key("k")
            .payload("p")
            .headers(headers);
        producer
            .send(record, Timeout::After(PATIENCE))
            .await
            .map_err(|(error, _)| error)?;
    }
    let consumer = consumer(&part, "readers")?;
    for headers in sent {
        let message = timeout(PATIENCE, consumer.recv()).await??;
        let expected: Vec<_> = headers
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.map(|value| value.as_bytes().to_vec())))
            .collect();
        assert_eq!(headers_of(&message), expected);
    }
    Ok(())
}

#[tokio::test]
async fn a_port_that_is_taken_ends_the_broker_with_a_reason() -> Result<()> {
    let state = state()?;
    let holder = std::net::TcpListener::bind("127.0.0.1:0")?;
    let part = Broker::locate(state.path(), holder.local_addr()?.port())?;
    let mut broker = start(state.path(), &part.launch()?)?;
    let status = timeout(PATIENCE, broker.wait()).await??;
    assert_eq!(status.code(), Some(1));
    let log = std::fs::read_to_string(state.path().join("broker.log"))?;
    assert!(log.contains("cannot serve 127.0.0.1:"), "{log}");
    Ok(())
}
