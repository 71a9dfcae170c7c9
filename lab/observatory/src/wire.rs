//! OTLP's messages, each once: the same struct reads protobuf, reads OTLP/JSON and writes OTLP/JSON.
//!
//! Field numbers are those of <https://github.com/open-telemetry/opentelemetry-proto> (v1); the JSON
//! mapping is that of <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>: camelCase,
//! ids in hexadecimal, 64-bit integers as strings (numbers are read too), enums as integers, fields
//! that nobody knows ignored, defaults left out. Not here: what a span means to the store.

mod common;
mod json;
mod logs;
mod rpc;
mod trace;

pub use common::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, Resource, Value,
};
pub use logs::{LogRecord, LogsData, ResourceLogs, ScopeLogs};
pub use rpc::{LogsPartialSuccess, LogsResponse, RpcStatus, TracePartialSuccess, TraceResponse};
pub use trace::{Event, Link, ResourceSpans, ScopeSpans, Span, Status, TracesData};

/// `Status.code` of a span that failed.
pub const STATUS_ERROR: i32 = 2;
