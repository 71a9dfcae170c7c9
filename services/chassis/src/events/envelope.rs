//! The envelope: CloudEvents 1.0 in Kafka's binary mode (attributes in headers, data in the body).
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>. The key of a message
//! is the aggregate's id, so that Kafka keeps an aggregate's events in order. `sequence`, `correlationid` and
//! `dataversion` are extension attributes. Unknown headers and unknown members of `data` are ignored.

use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use super::{ApplyError, outbox::StoredEvent};
use crate::telemetry::propagation::TraceContext;

/// An event to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// For example `order.events`.
    pub topic: &'static str,
    /// What the event is about; key of the message.
    pub aggregate_id: Uuid,
    /// Version of the aggregate after the event, counted without gaps from the service's first one.
    pub aggregate_version: i64,
    /// For example `OrderCreated`.
    pub event_type: &'static str,
    /// Version of the shape of `data`; raised when a reader of the old shape would misread the new one.
    pub data_version: u16,
    /// The event's own members.
    pub data: Value,
    /// Joins everything that one request caused.
    pub correlation_id: String,
}

/// An event as it arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Unique; the key of deduplication.
    pub id: Uuid,
    /// Who wrote it, for example `/services/order`.
    pub source: String,
    /// For example `OrderCreated`.
    pub event_type: String,
    /// Id of the aggregate.
    pub subject: Uuid,
    /// Version of the aggregate after the event.
    pub sequence: i64,
    /// When it was written.
    pub time: DateTime<Utc>,
    /// Joins everything that one request caused.
    pub correlation_id: String,
    /// Version of the shape of `data`.
    pub data_version: u16,
    /// The event's own members.
    pub data: Value,
    /// Context of its sending: trace and baggage of the request that wrote it.
    pub trace: TraceContext,
}

impl Event {
    /// Reads `data` into the consumer's own view of it.
    ///
    /// # Errors
    /// [`ApplyError::Poison`] if it does not fit: it never will.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ApplyError> {
        T::deserialize(&self.data).map_err(|error| {
            ApplyError::Poison(format!("data of {} does not fit: {error}", self.event_type))
        })
    }
}

/// A message that is not an event.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EnvelopeError {
    /// A required header is not there.
    #[error("header {0} is missing")]
    Missing(&'static str),
    /// A header holds something else than it should.
    #[error("header {0} is malformed")]
    Malformed(&'static str),
    /// Another major version of the specification.
    #[error("ce_specversion is not 1.0")]
    SpecVersion,
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    Body(String),
}

/// Reads a message.
///
/// # Errors
/// What is missing or malformed, by name.
pub fn decode<M: Message>(message: &M) -> Result<Event, EnvelopeError> {
    let headers = message
        .headers()
        .ok_or(EnvelopeError::Missing("ce_specversion"))?;
    if text(headers, "ce_specversion")? != "1.0" {
        return Err(EnvelopeError::SpecVersion);
    }
    let data = serde_json::from_slice(message.payload().unwrap_or_default())
        .map_err(|error| EnvelopeError::Body(error.to_string()))?;
    Ok(Event {
        id: parsed(headers, "ce_id")?,
        source: text(headers, "ce_source")?.to_owned(),
        event_type: text(headers, "ce_type")?.to_owned(),
        subject: parsed(headers, "ce_subject")?,
        sequence: parsed(headers, "ce_sequence")?,
        time: parsed(headers, "ce_time")?,
        correlation_id: text(headers, "ce_correlationid")?.to_owned(),
        data_version: parsed(headers, "ce_dataversion")?,
        data,
        trace: TraceContext::read(|name| text(headers, name).ok()),
    })
}

/// Text of the last header of a name.
fn text<'a, H: Headers>(headers: &'a H, name: &'static str) -> Result<&'a str, EnvelopeError> {
    let value = headers.iter().filter(|header| header.key == name).last();
    let value = value
        .and_then(|header| header.value)
        .ok_or(EnvelopeError::Missing(name))?;
    std::str::from_utf8(value).map_err(|_| EnvelopeError::Malformed(name))
}

fn parsed<H: Headers, T: FromStr>(headers: &H, name: &'static str) -> Result<T, EnvelopeError> {
    text(headers, name)?
        .parse()
        .map_err(|_| EnvelopeError::Malformed(name))
}

/// Headers of a stored event; `source` is the service that stored it, `trace` the context of sending it.
pub(super) fn encode(event: &StoredEvent, source: &str, trace: &TraceContext) -> OwnedHeaders {
    let attributes = [
        ("ce_specversion", "1.0"),
        ("ce_id", &event.id.to_string()),
        ("ce_type", &event.event_type),
        ("ce_source", source),
        (
            "ce_time",
            &event
                .occurred_at
                .to_rfc3339_opts(SecondsFormat::Micros, true),
        ),
        ("ce_subject", &event.aggregate_id.to_string()),
        ("ce_sequence", &event.aggregate_version.to_string()),
        ("ce_correlationid", &event.correlation_id),
        ("ce_dataversion", &event.data_version.to_string()),
        ("content-type", "application/json"),
    ];
    attributes.into_iter().chain(trace.headers()).fold(
        OwnedHeaders::new_with_capacity(13),
        |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value),
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use rdkafka::{Timestamp, message::OwnedMessage};

    use super::*;

    fn stored() -> StoredEvent {
        StoredEvent {
            seq: 1,
            id: Uuid::now_v7(),
            topic: "order.events".to_owned(),
            aggregate_id: Uuid::now_v7(),
            aggregate_version: 3,
            event_type: "OrderPaid".to_owned(),
            data_version: 1,
            data: serde_json::json!({"total": 4200}),
            correlation_id: "req-1".to_owned(),
            trace: TraceContext {
                traceparent: Some(
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
                ),
                tracestate: Some("vendor=1".to_owned()),
                baggage: Some("order.id=7".to_owned()),
            },
            occurred_at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
        }
    }

    fn message(headers: OwnedHeaders, body: &[u8]) -> OwnedMessage {
        let (topic, time) = ("order.events".to_owned(), Timestamp::NotAvailable);
        OwnedMessage::new(Some(body.to_vec()), None, topic, time, 0, 0, Some(headers))
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let stored = stored();
        let headers = encode(&stored, "/services/order", &stored.trace);
        let event = decode(&message(headers, stored.data.to_string().as_bytes())).unwrap();
        assert_eq!(event.id, stored.id);
        assert_eq!(event.subject, stored.aggregate_id);
        assert_eq!(event.sequence, 3);
        assert_eq!(event.time, stored.occurred_at);
        assert_eq!(event.source, "/services/order");
        assert_eq!(event.trace, stored.trace);
        assert_eq!(event.data, stored.data);
    }

    #[test]
    fn an_unknown_header_is_ignored() {
        let headers =
            encode(&stored(), "/services/order", &TraceContext::default()).insert(Header {
                key: "ce_novelty",
                value: Some("x"),
            });
        assert!(decode(&message(headers, b"{}")).is_ok());
    }

    #[test]
    fn a_message_that_is_no_event_says_what_is_wrong() {
        let good = encode(&stored(), "/services/order", &TraceContext::default());
        let not_json = decode(&message(good.clone(), b"{")).unwrap_err();
        assert!(matches!(not_json, EnvelopeError::Body(_)), "{not_json}");
        let bad_id = good.clone().insert(Header {
            key: "ce_id",
            value: Some("seven"),
        });
        assert_eq!(
            decode(&message(bad_id, b"{}")),
            Err(EnvelopeError::Malformed("ce_id"))
        );
        let version = good.insert(Header {
            key: "ce_specversion",
            value: Some("2.0"),
        });
        assert_eq!(
            decode(&message(version, b"{}")),
            Err(EnvelopeError::SpecVersion)
        );
        let bare = decode(&message(OwnedHeaders::new(), b"{}"));
        assert_eq!(bare, Err(EnvelopeError::Missing("ce_specversion")));
    }

    #[test]
    fn data_that_does_not_fit_the_readers_view_is_poison() {
        #[derive(Debug, serde::Deserialize)]
        struct View {
            #[expect(dead_code, reason = "only its type matters here")]
            total: String,
        }
        let stored = stored();
        let headers = encode(&stored, "/services/order", &stored.trace);
        let event = decode(&message(headers, stored.data.to_string().as_bytes())).unwrap();
        assert!(matches!(event.parse::<View>(), Err(ApplyError::Poison(_))));
    }
}
