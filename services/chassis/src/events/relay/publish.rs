//! Sends stored events to Kafka, in order for each aggregate. It neither reads nor marks rows.

use std::{collections::HashMap, time::Duration};

use futures_util::future::join_all;
use rdkafka::{
    error::{KafkaError, KafkaResult},
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
use uuid::Uuid;

use super::{
    super::{
        envelope,
        kafka::{self, Quiet},
        outbox::StoredEvent,
    },
    RelayConfig,
};
use crate::metrics::Metrics;

pub(super) struct Publisher {
    producer: FutureProducer<Quiet>,
    source: String,
    metrics: Metrics,
}

impl Publisher {
    pub(super) fn new(config: &RelayConfig, metrics: &Metrics) -> KafkaResult<Self> {
        for topic in &config.topics {
            drop(metrics.outbox_published.with_label_values(&[topic]));
        }
        Ok(Self {
            producer: kafka::producer(&config.brokers)?,
            source: config.source.clone(),
            metrics: metrics.clone(),
        })
    }

    /// Sends a batch, aggregates side by side, the events of each one after the other. Returns what was acknowledged
    /// and the last failure.
    pub(super) async fn publish(&self, events: Vec<StoredEvent>) -> (Vec<i64>, Option<KafkaError>) {
        let mut streams: HashMap<Uuid, Vec<StoredEvent>> = HashMap::new();
        for event in events {
            streams.entry(event.aggregate_id).or_default().push(event);
        }
        let results = join_all(
            streams
                .into_values()
                .map(|stream| self.publish_stream(stream)),
        );
        let mut published = Vec::new();
        let mut failure = None;
        for (acknowledged, failed) in results.await {
            published.extend(acknowledged);
            failure = failed.or(failure);
        }
        (published, failure)
    }

    /// Stops at the first failure: a later event must never overtake an earlier one of its aggregate.
    async fn publish_stream(&self, stream: Vec<StoredEvent>) -> (Vec<i64>, Option<KafkaError>) {
        let mut acknowledged = Vec::with_capacity(stream.len());
        for event in stream {
            if let Err(error) = self.send(&event).await {
                return (acknowledged, Some(error));
            }
            self.metrics
                .outbox_published
                .with_label_values(&[&event.topic])
                .inc();
            acknowledged.push(event.seq);
        }
        (acknowledged, None)
    }

    async fn send(&self, event: &StoredEvent) -> KafkaResult<()> {
        let key = event.aggregate_id.to_string();
        let body = event.data.to_string();
        let record = FutureRecord::to(&event.topic)
            .key(&key)
            .payload(&body)
            .headers(envelope::encode(event, &self.source));
        // A full queue cannot be: it holds fifty batches.
        let sent = self
            .producer
            .send(record, Timeout::After(Duration::ZERO))
            .await;
        sent.map(drop).map_err(|(error, _)| error)
    }
}
