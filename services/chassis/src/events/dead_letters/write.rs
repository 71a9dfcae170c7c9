//! Writes a message that could not be applied to its topic's dead letters, as it came, with the reason.

use chrono::{SecondsFormat, Utc};
use rdkafka::{
    error::{KafkaError, KafkaResult},
    message::{BorrowedHeaders, BorrowedMessage, Header, Message as _, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
use tokio::sync::OnceCell;

use super::super::{
    dead_letter_topic,
    kafka::{self, Quiet},
};

/// Longest reason kept, in characters: an error chain fits, a repeated payload does not.
const REASON_CHARS_MAX: usize = 1000;

/// Writer of one consumer's dead letters. Its producer is made with the first one: most consumers never need it.
pub(in crate::events) struct Writer {
    brokers: String,
    consumer: String,
    producer: OnceCell<FutureProducer<Quiet>>,
}

impl Writer {
    pub(in crate::events) fn new(brokers: &str, consumer: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            consumer: consumer.to_owned(),
            producer: OnceCell::new(),
        }
    }

    /// Returns when the broker has it.
    pub(in crate::events) async fn write(
        &self,
        message: &BorrowedMessage<'_>,
        reason: &str,
    ) -> KafkaResult<()> {
        let producer = self
            .producer
            .get_or_try_init(async || kafka::producer(&self.brokers))
            .await?;
        let topic = dead_letter_topic(message.topic());
        let record: FutureRecord<'_, [u8], [u8]> = FutureRecord {
            topic: &topic,
            partition: None,
            payload: message.payload(),
            key: message.key(),
            timestamp: None,
            headers: Some(self.headers(message, reason)),
        };
        let sent = producer.send(record, Timeout::Never).await;
        sent.map(drop).map_err(|(error, _): (KafkaError, _)| error)
    }

    fn headers(&self, message: &BorrowedMessage<'_>, reason: &str) -> OwnedHeaders {
        let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
        let added = [
            ("dlq-reason", reason),
            ("dlq-consumer", self.consumer.clone()),
            ("dlq-topic", message.topic().to_owned()),
            ("dlq-partition", message.partition().to_string()),
            ("dlq-offset", message.offset().to_string()),
            (
                "dlq-time",
                Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            ),
        ];
        let original = message
            .headers()
            .map(BorrowedHeaders::detach)
            .unwrap_or_default();
        added.into_iter().fold(original, |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(&value),
            })
        })
    }
}
