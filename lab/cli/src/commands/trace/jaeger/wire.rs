//! OTLP/JSON, as much of it as a waterfall shows.

use serde::Deserialize;
use serde_json::Value;

use super::{Line, Span, nanos};

/// What only the spans of statements and of messages have.
const DETAILS: [&str; 2] = ["db.system.name", "messaging.system"];

#[derive(Deserialize)]
pub(super) struct Answer<T> {
    pub(super) result: T,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
pub(super) struct Traces {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ResourceSpans {
    resource: Resource,
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ScopeSpans {
    spans: Vec<SpanJson>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SpanJson {
    trace_id: String,
    span_id: String,
    parent_span_id: String,
    name: String,
    #[serde(deserialize_with = "nanos")]
    start_time_unix_nano: u64,
    #[serde(deserialize_with = "nanos")]
    end_time_unix_nano: u64,
    attributes: Vec<Attribute>,
    links: Vec<LinkJson>,
    status: StatusJson,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct LinkJson {
    trace_id: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StatusJson {
    code: i32,
    message: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    attributes: Vec<Attribute>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attribute {
    key: String,
    value: Value,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Logs {
    resource_logs: Vec<ResourceLogs>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ResourceLogs {
    resource: Resource,
    scope_logs: Vec<ScopeLogs>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ScopeLogs {
    log_records: Vec<RecordJson>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RecordJson {
    #[serde(deserialize_with = "nanos")]
    time_unix_nano: u64,
    #[serde(deserialize_with = "nanos")]
    observed_time_unix_nano: u64,
    severity_text: String,
    body: Value,
    span_id: String,
}

impl Resource {
    fn service(&self) -> String {
        let named = |one: &&Attribute| one.key == "service.name";
        let name = self.attributes.iter().find(named);
        let name = name.and_then(|one| one.value["stringValue"].as_str());
        name.unwrap_or("unknown_service").to_owned()
    }
}

pub(super) fn spans(data: Traces) -> Vec<Span> {
    let mut spans = Vec::new();
    for of_resource in data.resource_spans {
        let service = of_resource.resource.service();
        let sent = of_resource.scope_spans.into_iter().flat_map(|it| it.spans);
        spans.extend(sent.map(|span| Span {
            trace_id: span.trace_id,
            id: span.span_id,
            parent: span.parent_span_id,
            service: service.clone(),
            name: span.name,
            start: span.start_time_unix_nano,
            end: span.end_time_unix_nano.max(span.start_time_unix_nano),
            detail: span.attributes.iter().any(|it| DETAILS.contains(&&*it.key)),
            error: (span.status.code == 2).then_some(span.status.message),
            links: span.links.into_iter().map(|link| link.trace_id).collect(),
        }));
    }
    spans
}

pub(super) fn lines(data: Logs) -> Vec<Line> {
    let mut lines = Vec::new();
    for of_resource in data.resource_logs {
        let service = of_resource.resource.service();
        let sent = of_resource.scope_logs.into_iter();
        lines.extend(sent.flat_map(|it| it.log_records).map(|record| Line {
            span: record.span_id,
            time: match record.time_unix_nano {
                0 => record.observed_time_unix_nano,
                time => time,
            },
            service: service.clone(),
            level: record.severity_text,
            message: match record.body["stringValue"].as_str() {
                Some(text) => text.to_owned(),
                None => record.body.to_string(),
            },
        }));
    }
    lines.sort_by_key(|line| line.time);
    lines
}
