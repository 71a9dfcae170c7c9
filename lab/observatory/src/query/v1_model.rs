//! A trace in the shape of version 1: the model that Jaeger had before OpenTelemetry
//! (<https://github.com/jaegertracing/jaeger/blob/main/internal/uimodel/model.go>), mapped as
//! OpenTelemetry says (<https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/>).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::store::{TraceId, kind_name, service_name};
use crate::wire::{self, KeyValue, Resource, TracesData, Value};

/// A trace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trace {
    #[serde(rename = "traceID")]
    trace_id: String,
    spans: Vec<Span>,
    processes: BTreeMap<String, Process>,
    warnings: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: String,
    references: Vec<Reference>,
    start_time: u64,
    duration: u64,
    tags: Vec<Tag>,
    logs: Vec<Log>,
    #[serde(rename = "processID")]
    process_id: String,
    warnings: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: &'static str,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Serialize)]
struct Tag {
    key: String,
    #[serde(rename = "type")]
    kind: &'static str,
    value: Json,
}

#[derive(Serialize)]
struct Log {
    timestamp: u64,
    fields: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    service_name: String,
    tags: Vec<Tag>,
}

impl Trace {
    /// From all that there is of it.
    pub(super) fn of(id: TraceId, data: TracesData) -> Self {
        let (mut spans, mut processes) = (Vec::new(), BTreeMap::new());
        for (number, of_resource) in data.resource_spans.into_iter().enumerate() {
            let process_id = format!("p{}", number + 1);
            let resource = of_resource.resource.unwrap_or_default();
            processes.insert(process_id.clone(), Process::of(resource));
            for of_scope in of_resource.scope_spans {
                let scope = of_scope.scope.unwrap_or_default();
                let span = |span| Span::of(span, &scope, &process_id);
                spans.extend(of_scope.spans.into_iter().map(span));
            }
        }
        Self {
            trace_id: id.to_string(),
            spans,
            processes,
            warnings: None,
        }
    }
}

impl Process {
    fn of(resource: Resource) -> Self {
        let service_name = service_name(&resource).to_owned();
        let others = resource.attributes.into_iter();
        let others = others.filter(|one| one.key != "service.name").collect();
        Self {
            service_name,
            tags: tags(others),
        }
    }
}

impl Span {
    fn of(span: wire::Span, scope: &wire::InstrumentationScope, process_id: &str) -> Self {
        let trace_id = hex::encode(&span.trace_id);
        let mut references = Vec::new();
        if !span.parent_span_id.is_empty() {
            references.push(Reference {
                ref_type: "CHILD_OF",
                trace_id: trace_id.clone(),
                span_id: hex::encode(&span.parent_span_id),
            });
        }
        references.extend(span.links.iter().map(|link| Reference {
            ref_type: "FOLLOWS_FROM",
            trace_id: hex::encode(&link.trace_id),
            span_id: hex::encode(&link.span_id),
        }));
        let duration = span
            .end_time_unix_nano
            .saturating_sub(span.start_time_unix_nano);
        let facts = facts(&span, scope);
        Self {
            span_id: hex::encode(&span.span_id),
            trace_id,
            operation_name: span.name,
            references,
            start_time: span.start_time_unix_nano / 1_000,
            duration: duration / 1_000,
            tags: tags(span.attributes).into_iter().chain(facts).collect(),
            logs: span.events.into_iter().map(Log::of).collect(),
            process_id: process_id.to_owned(),
            warnings: None,
        }
    }
}

/// What the old model has no field for.
fn facts(span: &wire::Span, scope: &wire::InstrumentationScope) -> Vec<Tag> {
    let mut facts = Vec::new();
    let mut text = |key: &str, value: &str| {
        if !value.is_empty() {
            facts.push(Tag::new(key, "string", value.into()));
        }
    };
    text("otel.scope.name", &scope.name);
    text("otel.scope.version", &scope.version);
    text(
        "span.kind",
        u8::try_from(span.kind).map(kind_name).unwrap_or_default(),
    );
    text("w3c.tracestate", &span.trace_state);
    let status = span.status.clone().unwrap_or_default();
    let code = ["", "OK", "ERROR"].get(status.code as usize).copied();
    text("otel.status_code", code.unwrap_or_default());
    text("otel.status_description", &status.message);
    if status.code == wire::STATUS_ERROR {
        facts.push(Tag::new("error", "bool", true.into()));
    }
    facts
}

impl Log {
    fn of(event: wire::Event) -> Self {
        let name = Tag::new("event", "string", event.name.into());
        let attributes = tags(event.attributes);
        Self {
            timestamp: event.time_unix_nano / 1_000,
            fields: std::iter::once(name).chain(attributes).collect(),
        }
    }
}

impl Tag {
    fn new(key: &str, kind: &'static str, value: Json) -> Self {
        let key = key.to_owned();
        Self { key, kind, value }
    }
}

fn tags(attributes: Vec<KeyValue>) -> Vec<Tag> {
    let tag = |one: KeyValue| {
        let value = one.value.and_then(|value| value.value);
        let kind = match &value {
            Some(Value::Bool(_)) => "bool",
            Some(Value::Int(_)) => "int64",
            Some(Value::Double(_)) => "float64",
            Some(Value::Bytes(_)) => "binary",
            None | Some(Value::String(_) | Value::Array(_) | Value::Map(_)) => "string",
        };
        let value = match plain(value) {
            // The old model has no lists and no maps: they are JSON in a string.
            nested @ (Json::Array(_) | Json::Object(_)) => nested.to_string().into(),
            Json::Null => "".into(),
            value => value,
        };
        Tag::new(&one.key, kind, value)
    };
    attributes.into_iter().map(tag).collect()
}

/// A value as anybody would write it in JSON.
fn plain(value: Option<Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::String(text)) => text.into(),
        Some(Value::Bool(value)) => value.into(),
        Some(Value::Int(value)) => value.into(),
        Some(Value::Double(value)) => json!(value),
        Some(Value::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        Some(Value::Array(list)) => list.values.into_iter().map(|it| plain(it.value)).collect(),
        Some(Value::Map(map)) => {
            let entries = map.values.into_iter();
            let entry = |it: KeyValue| (it.key, plain(it.value.and_then(|value| value.value)));
            Json::Object(entries.map(entry).collect())
        }
    }
}
