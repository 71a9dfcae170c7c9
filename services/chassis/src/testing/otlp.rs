//! An OTLP collector in the test's process: takes real OTLP/HTTP requests and shows what was in them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, header::CONTENT_TYPE},
    routing::post,
};
use bytes::Bytes;
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::LogRecord,
    resource::v1::Resource,
    trace::v1::{Span, span::SpanKind},
};
use prost::Message as _;
use tokio::net::TcpListener;

/// Attributes by name, values as text.
pub type Attributes = BTreeMap<String, String>;

/// A span as it arrived.
#[derive(Clone, Debug)]
pub struct SpanSeen {
    /// `service.name` of who sent it.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SpanKind,
    /// 32 hex digits.
    pub trace_id: String,
    /// 16 hex digits.
    pub span_id: String,
    /// Likewise; empty for a root.
    pub parent_id: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// `trace id-span id` of each link.
    pub links: Vec<String>,
    /// Names of its events.
    pub events: Vec<String>,
    /// 0 unset, 1 ok, 2 error.
    pub status: i32,
}

/// A log record as it arrived.
#[derive(Clone, Debug)]
pub struct LogSeen {
    /// `service.name` of who sent it.
    pub service: String,
    /// For example `WARN`.
    pub severity: String,
    /// The message.
    pub body: String,
    /// The event's fields and the request's ids.
    pub attributes: Attributes,
    /// 32 hex digits, empty outside a trace.
    pub trace_id: String,
    /// 16 hex digits, likewise.
    pub span_id: String,
}

/// Everything that arrived.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Spans, in the order in which they ended.
    pub spans: Vec<SpanSeen>,
    /// Log records, in order.
    pub logs: Vec<LogSeen>,
    /// The resources of all requests.
    pub resources: Vec<Attributes>,
    /// The requests as they came, for who looks for what must not be there.
    pub raw: Vec<u8>,
}

impl Seen {
    /// The one span of a name.
    pub fn span(&self, name: &str) -> &SpanSeen {
        let found: Vec<_> = self.spans.iter().filter(|span| span.name == name).collect();
        match found[..] {
            [span] => span,
            _ => panic!(
                "{} spans are named {name:?}: {:#?}",
                found.len(),
                self.spans
            ),
        }
    }

    /// The spans right below one.
    pub fn children(&self, parent: &SpanSeen) -> Vec<&SpanSeen> {
        let below = |span: &&SpanSeen| span.parent_id == parent.span_id;
        self.spans.iter().filter(below).collect()
    }
}

/// The answer that the protocol asks for.
type Taken = ([(HeaderName, &'static str); 1], Bytes);

/// The collector.
#[derive(Clone, Default)]
pub struct Collector {
    seen: Arc<Mutex<Seen>>,
    url: String,
}

impl Collector {
    /// Serves for as long as the test's runtime lives.
    #[expect(clippy::disallowed_methods, reason = "it belongs to no service")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("the loopback has a free port");
        let addr = listener.local_addr().expect("a bound listener has one");
        let this = Self {
            url: format!("http://{addr}"),
            ..Self::default()
        };
        let router = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/logs", post(logs))
            .with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What has arrived so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().expect("no panic while held").clone()
    }

    fn note(&self, body: &Bytes, note: impl FnOnce(&mut Seen)) -> Taken {
        let mut seen = self.seen.lock().expect("no panic while held");
        seen.raw.extend_from_slice(body);
        note(&mut seen);
        ([(CONTENT_TYPE, "application/x-protobuf")], Bytes::new())
    }
}

async fn traces(State(collector): State<Collector>, body: Bytes) -> Taken {
    let request =
        ExportTraceServiceRequest::decode(body.clone()).expect("the exporter speaks OTLP");
    collector.note(&body, |seen| {
        for of_resource in request.resource_spans {
            let resource = resource(of_resource.resource);
            let scopes = of_resource.scope_spans.into_iter();
            let spans = scopes.flat_map(|scope| scope.spans);
            seen.spans
                .extend(spans.map(|span| SpanSeen::of(&resource, span)));
            seen.resources.push(resource);
        }
    })
}

async fn logs(State(collector): State<Collector>, body: Bytes) -> Taken {
    let request = ExportLogsServiceRequest::decode(body.clone()).expect("the exporter speaks OTLP");
    collector.note(&body, |seen| {
        for of_resource in request.resource_logs {
            let resource = resource(of_resource.resource);
            let scopes = of_resource.scope_logs.into_iter();
            let records = scopes.flat_map(|scope| scope.log_records);
            seen.logs
                .extend(records.map(|record| LogSeen::of(&resource, record)));
            seen.resources.push(resource);
        }
    })
}

impl SpanSeen {
    fn of(resource: &Attributes, span: Span) -> Self {
        Self {
            service: resource["service.name"].clone(),
            kind: span.kind(),
            trace_id: hex(&span.trace_id),
            span_id: hex(&span.span_id),
            parent_id: hex(&span.parent_span_id),
            links: span
                .links
                .iter()
                .map(|link| format!("{}-{}", hex(&link.trace_id), hex(&link.span_id)))
                .collect(),
            events: span.events.into_iter().map(|event| event.name).collect(),
            status: span.status.map_or(0, |status| status.code),
            attributes: attributes(span.attributes),
            name: span.name,
        }
    }
}

impl LogSeen {
    fn of(resource: &Attributes, record: LogRecord) -> Self {
        Self {
            service: resource["service.name"].clone(),
            severity: record.severity_text,
            body: text(record.body),
            attributes: attributes(record.attributes),
            trace_id: hex(&record.trace_id),
            span_id: hex(&record.span_id),
        }
    }
}

fn resource(resource: Option<Resource>) -> Attributes {
    attributes(resource.unwrap_or_default().attributes)
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    pairs
        .into_iter()
        .map(|pair| (pair.key, text(pair.value)))
        .collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
