//! A producer whose acknowledgements are fetched by whoever waits for them.
//!
//! rdkafka's own futures come with a thread that looks for acknowledgements ten times a second and spins through the last
//! millisecond of each wait: a hundredth of a core in every service, all day, with nothing to send.

use std::time::Duration;

use rdkafka::{
    ClientConfig, ClientContext, Message as _,
    config::{FromClientConfigAndContext as _, RDKafkaLogLevel},
    error::{KafkaError, KafkaResult},
    message::{DeliveryResult, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, ProducerContext},
};
use tokio::{sync::oneshot, time::timeout};

use super::kafka::Quiet;

/// How often a waiting sender looks. The broker takes a few milliseconds to acknowledge a batch.
const LOOK: Duration = Duration::from_millis(2);

/// What is to be sent.
pub(super) struct Record<'a> {
    pub(super) topic: &'a str,
    pub(super) key: Option<&'a [u8]>,
    pub(super) payload: Option<&'a [u8]>,
    pub(super) headers: OwnedHeaders,
}

/// Where a record is in the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// A producer of librdkafka.
pub(super) struct Producer(BaseProducer<Deliveries>);

impl Producer {
    pub(super) fn new(config: &ClientConfig) -> KafkaResult<Self> {
        BaseProducer::from_config_and_context(config, Deliveries).map(Self)
    }

    /// Sends a record and returns when the broker has it, or has not acknowledged it in time (`delivery.timeout.ms`).
    ///
    /// # Errors
    /// The broker's, and a queue that is full. What was sent without an acknowledgement may have arrived all the same.
    pub(super) async fn send(&self, record: Record<'_>) -> KafkaResult<Place> {
        let (delivered, mut delivery) = oneshot::channel();
        let mut message =
            BaseRecord::with_opaque_to(record.topic, Box::new(delivered)).headers(record.headers);
        message.key = record.key;
        message.payload = record.payload;
        self.0.send(message).map_err(|(error, _)| error)?;
        loop {
            self.look();
            if let Ok(answer) = timeout(LOOK, &mut delivery).await {
                return answer.unwrap_or(Err(KafkaError::Canceled));
            }
        }
    }

    /// Takes what librdkafka has to say, also when nothing is under way: errors of the connection pile up otherwise.
    pub(super) fn look(&self) {
        self.0.poll(Duration::ZERO);
    }
}

/// Hands each acknowledgement to its sender.
struct Deliveries;

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Quiet.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        Quiet.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<oneshot::Sender<KafkaResult<Place>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, sender: Self::DeliveryOpaque) {
        let answer = match result {
            Ok(message) => Ok(Place {
                partition: message.partition(),
                offset: message.offset(),
            }),
            Err((error, _)) => Err(error.clone()),
        };
        // A sender that no longer waits will send again.
        drop(sender.send(answer));
    }
}
