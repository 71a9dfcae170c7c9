//! One event as a line: which fields it has and how they are written.

use std::fmt::{self, Write as _};

use chrono::{DateTime, SecondsFormat, Utc};
use opentelemetry::trace::TraceContextExt as _;
use serde_json::{Map, Value};
use tracing::{
    Event, Level,
    field::{Field, Visit},
};

use crate::telemetry::request::RequestContext;

/// What is written about an event.
pub(super) struct Line {
    time: DateTime<Utc>,
    level: Level,
    service: &'static str,
    target: &'static str,
    /// The event's own fields, then the ids that the event does not name itself.
    fields: Map<String, Value>,
}

impl Line {
    pub(super) fn of(service: &'static str, event: &Event<'_>) -> Self {
        let mut fields = Map::new();
        event.record(&mut Fields(&mut fields));
        for (name, value) in ids() {
            fields.entry(name).or_insert_with(|| value.into());
        }
        Self {
            time: Utc::now(),
            level: *event.metadata().level(),
            service,
            target: event.metadata().target(),
            fields,
        }
    }

    pub(super) fn json(self) -> String {
        let mut line = self.fields;
        let time = self.time.to_rfc3339_opts(SecondsFormat::Micros, true);
        line.insert("time".into(), time.into());
        line.insert("level".into(), self.level.as_str().into());
        line.insert("service".into(), self.service.into());
        line.insert("target".into(), self.target.into());
        Value::Object(line).to_string()
    }

    /// Time of day, level, service, message, and the rest as `name=value`.
    pub(super) fn text(mut self, coloured: bool) -> String {
        let message = self.fields.remove("message");
        let message = message.as_ref().and_then(Value::as_str).unwrap_or("-");
        let (on, off) = match coloured {
            true => (colour(self.level), "\x1b[0m"),
            false => ("", ""),
        };
        let mut text = format!(
            "{} {on}{:<5}{off} {} {}",
            self.time.format("%H:%M:%S%.3f"),
            self.level,
            self.service,
            message.replace('\n', "\\n"),
        );
        for (name, value) in &self.fields {
            let bare = value
                .as_str()
                .filter(|text| !text.contains([' ', '\n', '"']));
            let written = match bare {
                Some(bare) => write!(text, " {name}={bare}"),
                None => write!(text, " {name}={value}"),
            };
            written.expect("writing into memory does not fail");
        }
        text
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[2m",
    }
}

/// Trace, span, request, and what the request is about.
fn ids() -> Vec<(String, String)> {
    let mut ids = Vec::new();
    let context = opentelemetry::Context::current();
    let span = context.span();
    let span = span.span_context();
    if span.is_valid() {
        ids.push(("trace_id".to_owned(), span.trace_id().to_string()));
        ids.push(("span_id".to_owned(), span.span_id().to_string()));
    }
    ids.extend(request_ids());
    ids
}

/// The ids of the request in work; OTLP carries trace and span itself.
pub(in crate::telemetry) fn request_ids() -> Vec<(String, String)> {
    let request = RequestContext::current();
    let mut ids = request.baggage.entries();
    if !request.request_id.is_empty() {
        ids.push(("request_id".to_owned(), request.request_id));
    }
    ids
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().into(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.insert(field, value.to_string());
    }
}
