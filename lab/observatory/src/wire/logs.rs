//! Logs: `opentelemetry/proto/logs/v1/logs.proto`. [`LogsData`] is also the request of the log
//! service: both hold the same one field.

use prost::Message;
use serde::{Deserialize, Serialize};

use super::common::{AnyValue, InstrumentationScope, KeyValue, Resource};
use super::json::{self, is_default};

/// Log records by who sent them.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LogsData {
    /// One entry for each resource.
    #[prost(message, repeated, tag = "1")]
    pub resource_logs: Vec<ResourceLogs>,
}

/// The log records of one resource.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceLogs {
    /// Who sent them.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// By the library that made them.
    #[prost(message, repeated, tag = "2")]
    pub scope_logs: Vec<ScopeLogs>,
}

/// The log records of one library.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScopeLogs {
    /// The library; in Rust the module that logs.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<InstrumentationScope>,
    /// Its records.
    #[prost(message, repeated, tag = "2")]
    pub log_records: Vec<LogRecord>,
}

/// One log line.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LogRecord {
    /// When it happened: nanoseconds since 1970, 0 when unknown.
    #[prost(fixed64, tag = "1")]
    #[serde(with = "json::fixed64")]
    pub time_unix_nano: u64,
    /// When it was seen: nanoseconds since 1970.
    #[prost(fixed64, tag = "11")]
    #[serde(with = "json::fixed64", skip_serializing_if = "is_default")]
    pub observed_time_unix_nano: u64,
    /// 1–4 trace, 5–8 debug, 9–12 info, 13–16 warn, 17–20 error, 21–24 fatal.
    #[prost(int32, tag = "2")]
    #[serde(skip_serializing_if = "is_default")]
    pub severity_number: i32,
    /// The severity as the sender calls it.
    #[prost(string, tag = "3")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity_text: String,
    /// The message.
    #[prost(message, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<AnyValue>,
    /// Attributes.
    #[prost(message, repeated, tag = "6")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<KeyValue>,
    /// How many the sender left out.
    #[prost(uint32, tag = "7")]
    #[serde(skip_serializing_if = "is_default")]
    pub dropped_attributes_count: u32,
    /// W3C trace flags.
    #[prost(fixed32, tag = "8")]
    #[serde(skip_serializing_if = "is_default")]
    pub flags: u32,
    /// 16 bytes, or none.
    #[prost(bytes = "vec", tag = "9")]
    #[serde(with = "json::hex_id", skip_serializing_if = "Vec::is_empty")]
    pub trace_id: Vec<u8>,
    /// 8 bytes, or none.
    #[prost(bytes = "vec", tag = "10")]
    #[serde(with = "json::hex_id", skip_serializing_if = "Vec::is_empty")]
    pub span_id: Vec<u8>,
    /// Names the kind of event, if it is one.
    #[prost(string, tag = "12")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub event_name: String,
}
