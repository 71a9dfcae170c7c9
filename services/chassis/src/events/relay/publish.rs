//! Sends stored events to Kafka, in order for each aggregate. It neither reads nor marks rows.

use std::collections::HashMap;

use futures_util::future::join_all;
use rdkafka::error::{KafkaError, KafkaResult};
use tracing::Instrument as _;
use uuid::Uuid;

use super::{
    super::{
        envelope, kafka,
        outbox::StoredEvent,
        producer::{Place, Producer, Record},
        span,
    },
    RelayConfig,
};
use crate::{metrics::Metrics, telemetry::propagation::TraceContext};

pub(super) struct Publisher {
    producer: Producer,
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
        self.producer.look();
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
        let span = span::send(event);
        let result = self.deliver(event).instrument(span.clone()).await;
        span::sent(&span, result.as_ref().map(|at| (at.partition, at.offset)));
        result.map(drop)
    }

    async fn deliver(&self, event: &StoredEvent) -> KafkaResult<Place> {
        let key = event.aggregate_id.to_string();
        let body = event.data.to_string();
        // The writer's own context, where no tracer is installed to make a span of sending.
        let sending = TraceContext {
            baggage: event.trace.baggage.clone(),
            ..TraceContext::current()
        };
        let trace = match sending.traceparent {
            Some(_) => &sending,
            None => &event.trace,
        };
        // The queue cannot be full: it holds fifty batches.
        self.producer
            .send(Record {
                topic: &event.topic,
                key: Some(key.as_bytes()),
                payload: Some(body.as_bytes()),
                headers: envelope::encode(event, &self.source, trace),
            })
            .await
    }
}
