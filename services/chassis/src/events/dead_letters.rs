//! Dead letters: what no consumer could apply. Looked at and sent back by an operator.
//!
//! How far letters were sent back is the committed offset of a consumer group of its own, so listing changes nothing
//! and redriving twice does not send a letter twice. A redriven event reaches all consumers of its topic; those that
//! had applied it find it in their inbox.

mod write;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use rdkafka::{
    Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{BaseConsumer, CommitMode, Consumer as _, DefaultConsumerContext},
    error::{KafkaError, KafkaResult},
    message::{Header, Headers as _, Message as _, OwnedHeaders, OwnedMessage},
};
use serde::Serialize;
use thiserror::Error;

pub(super) use self::write::Writer;
use super::{dead_letter_topic, kafka, producer::Record};

/// Group whose offsets tell what was sent back.
const GROUP: &str = "dlq-redrive";

/// Letters of one topic that a list shows.
const LIST_MAX: usize = 1000;

/// Longest wait for the broker's next answer.
const BROKER_TIMEOUT: Duration = Duration::from_secs(10);

/// A message that could not be applied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeadLetter {
    /// Topic it came from.
    pub topic: String,
    /// Partition of the dead-letter topic.
    pub partition: i32,
    /// Offset in the dead-letter topic.
    pub offset: i64,
    /// Why it could not be applied.
    pub reason: String,
    /// Consumer that gave up.
    pub consumer: String,
    /// When, RFC 3339.
    pub time: String,
    /// `ce_id`, if it has one.
    pub event_id: Option<String>,
    /// `ce_type`, if it has one.
    pub event_type: Option<String>,
    /// `ce_correlationid`, if it has one.
    pub correlation_id: Option<String>,
    /// Key: the aggregate's id.
    pub key: Option<String>,
    /// Body; bytes that are not UTF-8 are replaced.
    pub body: String,
}

/// Why dead letters cannot be read or sent back.
#[derive(Debug, Error)]
pub enum DeadLetterError {
    /// The broker refused or does not answer.
    #[error("the broker: {0}")]
    Kafka(#[from] KafkaError),
    /// It answers, but a letter that should be there does not come.
    #[error("the broker did not deliver the dead letters of {0} in time")]
    Slow(String),
}

/// Dead letters of these topics (`order.events`, not `order.events.dlq`) that were not sent back yet, at most 1,000 of
/// each, oldest first.
///
/// # Errors
/// The broker's.
pub async fn list(brokers: &str, topics: &[&str]) -> Result<Vec<DeadLetter>, DeadLetterError> {
    let mut letters = Vec::new();
    for topic in topics {
        let messages = pending(brokers, topic, LIST_MAX).await?;
        letters.extend(messages.iter().map(|message| describe(topic, message)));
    }
    Ok(letters)
}

/// Sends up to `limit` dead letters of a topic back to it, oldest first. Returns how many.
///
/// # Errors
/// The broker's. What was sent back before the error is not sent again.
pub async fn redrive(brokers: &str, topic: &str, limit: usize) -> Result<usize, DeadLetterError> {
    let messages = pending(brokers, topic, limit).await?;
    let producer = kafka::producer(brokers)?;
    let mut next = HashMap::new();
    let mut failure = None;
    let mut count = 0;
    for message in &messages {
        let record = Record {
            topic,
            key: message.key(),
            payload: message.payload(),
            headers: without_reason(message),
        };
        if let Err(error) = producer.send(record).await {
            failure = Some(error);
            break;
        }
        next.insert(message.partition(), message.offset() + 1);
        count += 1;
    }
    commit(brokers, topic, next).await?;
    failure.map_or(Ok(count), |error| Err(error.into()))
}

fn without_reason(message: &OwnedMessage) -> OwnedHeaders {
    let Some(headers) = message.headers() else {
        return OwnedHeaders::new();
    };
    headers
        .iter()
        .filter(|header| !header.key.starts_with("dlq-"))
        .fold(OwnedHeaders::new(), |kept, Header { key, value }| {
            kept.insert(Header { key, value })
        })
}

fn describe(topic: &str, message: &OwnedMessage) -> DeadLetter {
    let header = |name: &str| {
        let headers = message.headers()?;
        let value = headers
            .iter()
            .filter(|header| header.key == name)
            .last()?
            .value?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    DeadLetter {
        topic: topic.to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        reason: header("dlq-reason").unwrap_or_default(),
        consumer: header("dlq-consumer").unwrap_or_default(),
        time: header("dlq-time").unwrap_or_default(),
        event_id: header("ce_id"),
        event_type: header("ce_type"),
        correlation_id: header("ce_correlationid"),
        key: message.key().map(lossy),
        body: message.payload().map(lossy).unwrap_or_default(),
    }
}

/// What lies between the committed offsets and the end of a topic's dead letters, without moving the offsets.
async fn pending(
    brokers: &str,
    topic: &str,
    limit: usize,
) -> Result<Vec<OwnedMessage>, DeadLetterError> {
    let (brokers, dead) = (brokers.to_owned(), dead_letter_topic(topic));
    blocking(move || {
        let consumer = consumer(&brokers)?;
        let mut ends = unread(&consumer, &dead)?;
        read(&consumer, &dead, &mut ends, limit)
    })
    .await
}

/// Assigns the partitions that hold unread letters. Returns the offset at which each ends.
fn unread(consumer: &BaseConsumer, dead: &str) -> KafkaResult<HashMap<i32, i64>> {
    let metadata = consumer.fetch_metadata(Some(dead), BROKER_TIMEOUT)?;
    let mut all = TopicPartitionList::new();
    for partition in metadata
        .topics()
        .iter()
        .flat_map(|topic| topic.partitions())
    {
        all.add_partition(dead, partition.id());
    }
    let mut ends = HashMap::new();
    let mut starts = TopicPartitionList::new();
    for committed in consumer.committed_offsets(all, BROKER_TIMEOUT)?.elements() {
        let partition = committed.partition();
        let (low, high) = consumer.fetch_watermarks(dead, partition, BROKER_TIMEOUT)?;
        let start = committed
            .offset()
            .to_raw()
            .filter(|offset| *offset >= low)
            .unwrap_or(low);
        if start < high {
            starts.add_partition_offset(dead, partition, Offset::Offset(start))?;
            ends.insert(partition, high);
        }
    }
    consumer.assign(&starts)?;
    Ok(ends)
}

fn read(
    consumer: &BaseConsumer,
    dead: &str,
    ends: &mut HashMap<i32, i64>,
    limit: usize,
) -> Result<Vec<OwnedMessage>, DeadLetterError> {
    let mut messages = Vec::new();
    let mut heard = Instant::now();
    while !ends.is_empty() && messages.len() < limit {
        if heard.elapsed() > BROKER_TIMEOUT {
            return Err(DeadLetterError::Slow(dead.to_owned()));
        }
        let Some(polled) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let message = polled?.detach();
        heard = Instant::now();
        let (partition, offset) = (message.partition(), message.offset());
        let end = ends.get(&partition).copied().unwrap_or(0);
        if offset + 1 >= end {
            ends.remove(&partition);
        }
        if offset < end {
            messages.push(message);
        }
    }
    Ok(messages)
}

async fn commit(
    brokers: &str,
    topic: &str,
    next: HashMap<i32, i64>,
) -> Result<(), DeadLetterError> {
    if next.is_empty() {
        return Ok(());
    }
    let (brokers, dead) = (brokers.to_owned(), dead_letter_topic(topic));
    blocking(move || {
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in next {
            offsets.add_partition_offset(&dead, partition, Offset::Offset(offset))?;
        }
        Ok(consumer(&brokers)?.commit(&offsets, CommitMode::Sync)?)
    })
    .await
}

/// A consumer that never joins its group: partitions are assigned by hand.
fn consumer(brokers: &str) -> KafkaResult<BaseConsumer> {
    let mut config = kafka::client_config(brokers);
    config
        .set("group.id", GROUP)
        .set("enable.auto.commit", "false");
    BaseConsumer::from_config_and_context(&config, DefaultConsumerContext)
}

/// librdkafka's metadata calls block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeadLetterError> + Send + 'static,
) -> Result<T, DeadLetterError> {
    tokio::task::spawn_blocking(work)
        .await
        .expect("reading dead letters does not panic")
}
