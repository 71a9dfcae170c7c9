//! Answers of the OTLP services, and `google.rpc.Status`, which OTLP/HTTP answers with on an error.

use prost::Message;
use serde::Serialize;

use super::json::{self, is_default};

/// `ExportTraceServiceResponse`.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceResponse {
    /// Absent when every span was accepted.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_success: Option<TracePartialSuccess>,
}

/// `ExportTracePartialSuccess`.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TracePartialSuccess {
    /// How many were not accepted; the sender must not send them again.
    #[prost(int64, tag = "1")]
    #[serde(with = "json::int64", skip_serializing_if = "is_default")]
    pub rejected_spans: i64,
    /// Why, for people.
    #[prost(string, tag = "2")]
    pub error_message: String,
}

/// `ExportLogsServiceResponse`.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogsResponse {
    /// Absent when every record was accepted.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_success: Option<LogsPartialSuccess>,
}

/// `ExportLogsPartialSuccess`.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogsPartialSuccess {
    /// How many were not accepted; the sender must not send them again.
    #[prost(int64, tag = "1")]
    #[serde(with = "json::int64", skip_serializing_if = "is_default")]
    pub rejected_log_records: i64,
    /// Why, for people.
    #[prost(string, tag = "2")]
    pub error_message: String,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct RpcStatus {
    /// A gRPC code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// What was wrong.
    #[prost(string, tag = "2")]
    pub message: String,
}
