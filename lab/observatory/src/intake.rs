//! OTLP in: what HTTP ([`http`]) and gRPC ([`grpc`]) have in common.
//!
//! Everything that a sender can make large is bounded here: the requests worked on at once, their
//! size as sent, unpacked and decoded, and how long one may take to arrive.

pub mod grpc;
pub mod http;
mod refusal;
mod unpack;
mod weight;

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{Semaphore, SemaphorePermit};

use self::refusal::Refusal;
use self::weight::{DECODED_BYTES_MAX, Shape};
use crate::metrics::{Metrics, Protocol, Signal};
use crate::store::Store;
use crate::wire::{LogsData, LogsResponse, TracePartialSuccess, TraceResponse, TracesData};

/// The largest request, as sent and unpacked: what gRPC accepts by default. The 512 spans of an
/// exporter's batch take a tenth of it.
pub const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Requests that may be in memory at once. Two cores work on two; the rest arrives meanwhile.
const REQUESTS_MAX: usize = 8;
/// How long a request may wait for its turn. Exporters give up after ten seconds.
const TURN_WITHIN: Duration = Duration::from_secs(1);
/// How long a request may take to arrive.
const ARRIVAL_WITHIN: Duration = Duration::from_secs(10);

/// The way into the store.
pub struct Intake {
    store: Arc<Store>,
    metrics: Metrics,
    turns: Semaphore,
}

impl Intake {
    /// The way into `store`.
    #[must_use]
    pub fn new(store: Arc<Store>, metrics: Metrics) -> Self {
        Self {
            store,
            metrics,
            turns: Semaphore::new(REQUESTS_MAX),
        }
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        let turn = tokio::time::timeout(TURN_WITHIN, self.turns.acquire()).await;
        turn.map_err(|_| Refusal::Busy)?.map_err(|_| Refusal::Busy)
    }

    fn count(&self, signal: Signal, protocol: Protocol, outcome: &str) {
        self.metrics.request(signal, protocol, outcome);
    }
}

/// A request of OTLP.
trait Export: Message + Default + DeserializeOwned + 'static {
    /// Its answer.
    type Answer: Message + Serialize + 'static;
    /// What it carries.
    const SIGNAL: Signal;
    /// What it looks like on the wire.
    const SHAPE: &'static Shape;

    /// From protobuf, if it is not too large.
    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        if weight::of_protobuf(Self::SHAPE, bytes) > DECODED_BYTES_MAX {
            return Err(Refusal::Oversized);
        }
        Self::decode(bytes).map_err(|error| Refusal::Malformed(error.to_string()))
    }

    /// From JSON, if it is not too large.
    fn read_json(bytes: &[u8]) -> Result<Self, Refusal> {
        if weight::of_json(bytes) > DECODED_BYTES_MAX {
            return Err(Refusal::Oversized);
        }
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(Refusal::Malformed("a request is a JSON object".to_owned()));
        }
        serde_json::from_slice(bytes).map_err(|error| Refusal::Malformed(error.to_string()))
    }

    /// Stores what it carries.
    fn store(self, intake: &Intake) -> Self::Answer;
}

impl Export for TracesData {
    type Answer = TraceResponse;
    const SIGNAL: Signal = Signal::Traces;
    const SHAPE: &'static Shape = &weight::TRACES;

    fn store(self, intake: &Intake) -> TraceResponse {
        let outcome = intake.store.insert_spans(self);
        intake.metrics.spans(&outcome);
        let partial_success = (outcome.rejected() > 0).then(|| TracePartialSuccess {
            rejected_spans: outcome.rejected().try_into().unwrap_or(i64::MAX),
            error_message: format!(
                "{} without a valid id, {} of traces that have been evicted, {} of traces that \
                 have had their share of the memory",
                outcome.invalid, outcome.late, outcome.oversized
            ),
        });
        TraceResponse { partial_success }
    }
}

impl Export for LogsData {
    type Answer = LogsResponse;
    const SIGNAL: Signal = Signal::Logs;
    const SHAPE: &'static Shape = &weight::LOGS;

    fn store(self, intake: &Intake) -> LogsResponse {
        intake.metrics.logs(intake.store.insert_logs(self));
        // Every record is accepted: one without a trace is still found by its service.
        LogsResponse {
            partial_success: None,
        }
    }
}
