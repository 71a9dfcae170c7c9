//! Kafka clients with the settings that this house wants, each with its reason; and topics.

use std::{collections::BTreeSet, time::Duration};

use rdkafka::{
    ClientConfig, ClientContext, Statistics,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    config::{FromClientConfigAndContext as _, RDKafkaLogLevel},
    consumer::{ConsumerContext, StreamConsumer},
    error::{KafkaError, KafkaResult},
    types::RDKafkaErrorCode,
};
use thiserror::Error;
use tracing::{debug, warn};

use super::{backoff, dead_letter_topic, producer::Producer};
use crate::metrics::Metrics;

/// Partitions of an event topic: how many instances of a service can share the work of one consumer.
const PARTITIONS: i32 = 3;

/// How long a message may wait for the broker before the relay is told that it failed, ms. Long enough for a broker's
/// restart; short enough that the backlog gauges stay fresh.
const DELIVERY_TIMEOUT_MS: &str = "5000";

/// What every client needs.
pub(super) fn client_config(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        // The default of 10 s would be most of the recovery time after an outage.
        .set("reconnect.backoff.max.ms", "1000")
        .set("log.connection.close", "false");
    config
}

/// A producer that loses nothing. It may send an event twice, which every consumer expects anyway; each event of an aggregate
/// is awaited before the next, so none overtakes another.
pub(super) fn producer(brokers: &str) -> KafkaResult<Producer> {
    let mut config = client_config(brokers);
    config
        .set("acks", "all")
        // A broker that was killed forgets the producers it knew, and the embedded one refuses the old ones for ever.
        .set("enable.idempotence", "false")
        .set("delivery.timeout.ms", DELIVERY_TIMEOUT_MS)
        // A send is awaited before the next one of its aggregate: waiting longer for company only adds latency.
        .set("linger.ms", "1")
        .set("queue.buffering.max.messages", "10000")
        .set("queue.buffering.max.kbytes", "16384");
    Producer::new(&config)
}

/// A consumer of a group that stores an offset only when told to.
pub(super) fn consumer(
    brokers: &str,
    group: &str,
    metrics: &Metrics,
) -> KafkaResult<StreamConsumer<Lag>> {
    let mut config = client_config(brokers);
    config
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.offset.store", "false")
        .set("auto.commit.interval.ms", "1000")
        // How soon a killed instance's partitions move to another one.
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "1500")
        // The embedded broker does not wake a long poll on new data; it looks again after half of the wait, then half
        // of the rest, and so on. A longer wait delays an event by up to half of it; each wait that ends costs a request.
        .set("fetch.wait.max.ms", "250")
        // The defaults would prefetch 100,000 messages and 64 MB for each topic.
        .set("queued.min.messages", "1000")
        .set("queued.max.messages.kbytes", "4096")
        .set("statistics.interval.ms", "5000");
    let context = Lag {
        metrics: metrics.clone(),
        group: group.to_owned(),
    };
    StreamConsumer::from_config_and_context(&config, context)
}

/// Sends librdkafka's own log to ours, at debug: what matters of it comes back as the error of an operation.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        debug!(facility, message, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "librdkafka");
    }
}

/// As [`Quiet`]; and turns librdkafka's statistics into the `consumer_lag` gauge.
pub(super) struct Lag {
    metrics: Metrics,
    group: String,
}

impl ClientContext for Lag {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Quiet.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        Quiet.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        for (topic, statistics) in &statistics.topics {
            // Partition -1 is librdkafka's own.
            for (id, partition) in statistics.partitions.iter().filter(|(id, _)| **id >= 0) {
                let labels = [self.group.as_str(), topic, &id.to_string()];
                // -1 is unknown; nothing is stored before the first message was processed.
                let known = [partition.consumer_lag_stored, partition.consumer_lag]
                    .into_iter()
                    .find(|lag| *lag >= 0);
                match known {
                    Some(lag) => self
                        .metrics
                        .consumer_lag
                        .with_label_values(&labels)
                        .set(lag),
                    // Another instance owns the partition now, or none was ever told of it.
                    None => drop(self.metrics.consumer_lag.remove_label_values(&labels)),
                }
            }
        }
    }
}

impl ConsumerContext for Lag {}

/// A topic that the broker refused to make.
#[derive(Debug, Error)]
#[error("topic {topic} cannot be created: {code}")]
pub struct TopicError {
    /// The topic.
    pub topic: String,
    /// The broker's reason.
    pub code: RDKafkaErrorCode,
}

/// Makes event topics and their dead-letter topics. Those that exist are left as they are, so an installation that
/// wants other partitions or replication creates its topics beforehand. Asks again for as long as no broker answers;
/// the caller drops the future to stop.
///
/// # Errors
/// A topic that the broker refuses.
pub async fn ensure_topics(brokers: &str, topics: &[&str]) -> Result<(), TopicError> {
    let mut attempt = 0;
    loop {
        match create_topics(brokers, topics).await {
            Ok(()) => return Ok(()),
            Err(CreateError::Refused(error)) => return Err(error),
            Err(CreateError::Unreachable(error)) => {
                if attempt == 0 {
                    warn!(%error, "the broker does not answer yet; trying again");
                }
                tokio::time::sleep(backoff(attempt, Duration::from_secs(1))).await;
                attempt += 1;
            }
        }
    }
}

#[derive(Debug, Error)]
pub(super) enum CreateError {
    #[error(transparent)]
    Refused(TopicError),
    #[error(transparent)]
    Unreachable(#[from] KafkaError),
}

/// An admin client whose end nobody waits for: it blocks for as long as a request of it is under way.
struct Admin(Option<AdminClient<Quiet>>);

impl Admin {
    fn new(brokers: &str) -> KafkaResult<Self> {
        AdminClient::from_config_and_context(&client_config(brokers), Quiet)
            .map(|client| Self(Some(client)))
    }

    fn client(&self) -> &AdminClient<Quiet> {
        self.0.as_ref().expect("there until it is dropped")
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        let client = self.0.take();
        std::thread::spawn(move || drop(client));
    }
}

/// One attempt of [`ensure_topics`].
pub(super) async fn create_topics(brokers: &str, topics: &[&str]) -> Result<(), CreateError> {
    let admin = Admin::new(brokers)?;
    let dead: Vec<_> = topics
        .iter()
        .map(|topic| dead_letter_topic(topic))
        .collect();
    let new: Vec<_> = BTreeSet::from_iter(topics)
        .into_iter()
        .map(|topic| NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1)))
        .chain(
            dead.iter()
                .map(|topic| NewTopic::new(topic, 1, TopicReplication::Fixed(1))),
        )
        .collect();
    let timeout = Some(Duration::from_secs(5));
    let options = AdminOptions::new()
        .request_timeout(timeout)
        .operation_timeout(timeout);
    for result in admin.client().create_topics(&new, &options).await? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                return Err(CreateError::Refused(TopicError { topic, code }));
            }
        }
    }
    Ok(())
}
