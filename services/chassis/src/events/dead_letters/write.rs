//! Writes a message that could not be applied to its topic's dead letters, as it came, with the reason.

use chrono::{SecondsFormat, Utc};
use rdkafka::{
    error::KafkaResult,
    message::{BorrowedHeaders, BorrowedMessage, Header, Message as _, OwnedHeaders},
};
use tokio::sync::OnceCell;

use super::super::{
    dead_letter_topic, kafka,
    producer::{Producer, Record},
};

/// Longest reason kept, in characters: an error chain fits, a repeated payload does not.
const REASON_CHARS_MAX: usize = 1000;

/// Writer of one consumer's dead letters. Its producer is made with the first one: most consumers never need it.
pub(in crate::events) struct Writer {
    brokers: String,
    consumer: String,
    producer: OnceCell<Producer>,
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
        let record = Record {
            topic: &topic,
            key: message.key(),
            payload: message.payload(),
            headers: self.headers(message, reason),
        };
        producer.send(record).await.map(drop)
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
