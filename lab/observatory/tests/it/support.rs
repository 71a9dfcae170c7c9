//! A running observatory, and telemetry to send to it.

use observatory::config::Config;
use observatory::server::{self, Running};
use observatory::wire::{
    AnyValue, KeyValue, Resource, ResourceSpans, ScopeSpans, Span, TracesData, Value,
};
use prost::Message as _;
use reqwest::{Response, StatusCode};
use serde_json::Value as Json;

/// An observatory of a test's own.
pub(crate) struct Observatory {
    pub(crate) running: Running,
    pub(crate) http: reqwest::Client,
}

impl Observatory {
    pub(crate) async fn start() -> Self {
        Self::with_memory(64_000_000).await
    }

    pub(crate) async fn with_memory(memory_bytes: usize) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let config = Config {
            otlp_http: any,
            otlp_grpc: any,
            query: any,
            admin: any,
            memory_bytes,
        };
        let running = server::start(&config).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { running, http }
    }

    pub(crate) async fn send(&self, data: &TracesData) -> Response {
        let body = data.encode_to_vec();
        self.post("/v1/traces", "application/x-protobuf", body)
            .await
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Response {
        let url = format!("http://{}{path}", self.running.otlp_http);
        let request = self.http.post(url).header("content-type", content_type);
        request.body(body).send().await.unwrap()
    }

    pub(crate) async fn ask(&self, path: &str) -> (StatusCode, Json) {
        let url = format!("http://{}{path}", self.running.query);
        let answer = self.http.get(url).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        let json = serde_json::from_str(&text);
        (
            status,
            json.unwrap_or_else(|error| panic!("{path}: {error}: {text}")),
        )
    }

    pub(crate) async fn known(&self, path: &str) -> Json {
        let (status, json) = self.ask(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {json}");
        json
    }

    /// How many requests had this outcome.
    pub(crate) async fn requests(&self, protocol: &str, outcome: &str) -> u64 {
        let url = format!("http://{}/metrics", self.running.admin);
        let answer = self.http.get(url).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let labels = [
            r#"signal="traces""#.to_owned(),
            format!(r#"protocol="{protocol}""#),
            format!(r#"outcome="{outcome}""#),
        ];
        let counted = |line: &&str| labels.iter().all(|label| line.contains(label.as_str()));
        let series = text.lines().find(counted);
        let value = series.and_then(|line| line.rsplit(' ').next());
        value.map_or(0, |value| value.parse().unwrap())
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::String(value.to_owned()))
}

pub(crate) fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
    }
}

/// 2026-01-01T00:00:00Z in nanoseconds.
pub(crate) const NEW_YEAR: u64 = 1_767_225_600_000_000_000;
const MS: u64 = 1_000_000;

/// Starts `start_ms` after new year, takes `took_ms`.
pub(crate) fn span(trace: u128, id: u64, parent: u64, start_ms: u64, took_ms: u64) -> Span {
    let parent_span_id = match parent {
        0 => Vec::new(),
        parent => parent.to_be_bytes().to_vec(),
    };
    Span {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id,
        name: format!("span {id}"),
        kind: 2,
        start_time_unix_nano: NEW_YEAR + start_ms * MS,
        end_time_unix_nano: NEW_YEAR + (start_ms + took_ms) * MS,
        ..Span::default()
    }
}

pub(crate) fn of(service: &str, spans: Vec<Span>) -> ResourceSpans {
    ResourceSpans {
        resource: Some(Resource {
            attributes: vec![text("service.name", service), text("host.name", "lab")],
            dropped_attributes_count: 0,
        }),
        scope_spans: vec![ScopeSpans { scope: None, spans }],
    }
}

pub(crate) fn data(resource_spans: Vec<ResourceSpans>) -> TracesData {
    TracesData { resource_spans }
}
