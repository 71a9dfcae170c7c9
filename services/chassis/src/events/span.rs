//! The spans around Kafka: `send` (PRODUCER) and `process` (CONSUMER), as OpenTelemetry's messaging conventions ask.
//!
//! A send is the child of whatever wrote the event, however much later it happens. A message carries the context of its
//! send, which is the parent of the process span, so that one trace shows the whole order; it is linked as well, because
//! that is where the conventions look for the creator of a message.

use opentelemetry_semantic_conventions::attribute::{
    CLOUDEVENTS_EVENT_TYPE, ERROR_TYPE, MESSAGING_CONSUMER_GROUP_NAME, MESSAGING_DESTINATION_NAME,
    MESSAGING_DESTINATION_PARTITION_ID, MESSAGING_KAFKA_MESSAGE_KEY, MESSAGING_KAFKA_OFFSET,
    MESSAGING_MESSAGE_ID, MESSAGING_OPERATION_NAME, MESSAGING_OPERATION_TYPE, MESSAGING_SYSTEM,
};
use rdkafka::{
    error::KafkaError,
    message::{BorrowedMessage, Message as _},
};
use tracing::{Span, field::Empty, info_span};

use super::{Event, outbox::StoredEvent};
use crate::telemetry::span::{failed, note};

/// A stored event on its way to the broker. An event that no trace wrote begins none.
pub(super) fn send(event: &StoredEvent) -> Span {
    if event.trace.traceparent.is_none() {
        return Span::none();
    }
    let span = info_span!(
        parent: None,
        "send",
        otel.name = format!("send {}", event.topic),
        otel.kind = "producer",
        { MESSAGING_SYSTEM } = "kafka",
        { MESSAGING_OPERATION_NAME } = "send",
        { MESSAGING_OPERATION_TYPE } = "send",
        { MESSAGING_DESTINATION_NAME } = event.topic,
        { MESSAGING_DESTINATION_PARTITION_ID } = Empty,
        { MESSAGING_KAFKA_OFFSET } = Empty,
        { MESSAGING_KAFKA_MESSAGE_KEY } = %event.aggregate_id,
        { MESSAGING_MESSAGE_ID } = %event.id,
        { CLOUDEVENTS_EVENT_TYPE } = event.event_type,
        { ERROR_TYPE } = Empty,
    );
    event.trace.adopt(&span);
    note(&span, &event.trace.baggage());
    span
}

/// Notes where the message went, or why it did not.
pub(super) fn sent(span: &Span, result: Result<(i32, i64), &KafkaError>) {
    match result {
        Ok((partition, offset)) => {
            span.record(MESSAGING_DESTINATION_PARTITION_ID, partition.to_string());
            span.record(MESSAGING_KAFKA_OFFSET, offset);
        }
        Err(error) => {
            let code = error.rdkafka_error_code();
            let kind = code.map_or_else(|| "_OTHER".to_owned(), |code| format!("{code:?}"));
            span.record(ERROR_TYPE, kind);
            failed(span, error.to_string());
        }
    }
}

/// An event being applied by a consumer.
pub(super) fn process(message: &BorrowedMessage<'_>, event: &Event, group: &str) -> Span {
    let span = info_span!(
        parent: None,
        "process",
        otel.name = format!("process {}", message.topic()),
        otel.kind = "consumer",
        { MESSAGING_SYSTEM } = "kafka",
        { MESSAGING_OPERATION_NAME } = "process",
        { MESSAGING_OPERATION_TYPE } = "process",
        { MESSAGING_DESTINATION_NAME } = message.topic(),
        { MESSAGING_DESTINATION_PARTITION_ID } = message.partition().to_string(),
        { MESSAGING_KAFKA_OFFSET } = message.offset(),
        { MESSAGING_KAFKA_MESSAGE_KEY } = %event.subject,
        { MESSAGING_CONSUMER_GROUP_NAME } = group,
        { MESSAGING_MESSAGE_ID } = %event.id,
        { CLOUDEVENTS_EVENT_TYPE } = event.event_type,
        { ERROR_TYPE } = Empty,
    );
    event.trace.adopt(&span);
    event.trace.link(&span);
    note(&span, &event.trace.baggage());
    span
}

/// Notes that a message ended among the dead letters.
pub(super) fn buried(span: &Span, reason: &str) {
    span.record(ERROR_TYPE, "dead_lettered");
    failed(span, reason);
}
