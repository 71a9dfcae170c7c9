//! The lab's observatory, asked the way a client of version 3 of Jaeger's query API asks.

use std::collections::BTreeMap;

use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};

use crate::lab::Lab;

/// Who is asked.
pub(crate) struct Observatory {
    http: Client,
    url: String,
}

/// A span as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) service: String,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// Nanoseconds since 1970.
    pub(crate) start: u64,
    pub(crate) failed: bool,
    /// Values as OTLP/JSON writes them: `{"stringValue": …}`.
    pub(crate) attributes: BTreeMap<String, Value>,
    pub(crate) resource: BTreeMap<String, Value>,
    /// Trace and span that it is linked to.
    pub(crate) links: Vec<(String, String)>,
}

/// A log record: who said what.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) service: String,
    pub(crate) message: String,
}

impl Span {
    /// A text, or none if there is none of this name or it is no text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?["stringValue"].as_str()
    }

    /// An integer, likewise.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.attributes.get(name)?["intValue"]
            .as_str()?
            .parse()
            .ok()
    }

    /// Does it stand for a statement that a database was asked?
    pub(crate) fn is_statement(&self) -> bool {
        self.attributes.contains_key("db.system.name")
    }
}

impl Observatory {
    /// That of a lab.
    pub(crate) fn of(lab: &Lab) -> Self {
        Self {
            http: Client::builder().no_proxy().build().unwrap(),
            url: lab.env("OBSERVATORY_URL").to_owned(),
        }
    }

    /// The spans of a trace that have arrived so far.
    pub(crate) async fn trace(&self, id: &str) -> Vec<Span> {
        let answer = self.get(&format!("/api/v3/traces/{id}"), &[]).await;
        answer.as_ref().map(spans).unwrap_or_default()
    }

    /// The ids of the traces that have such a span of a service, about an order.
    pub(crate) async fn traces_of_order(
        &self,
        service: &str,
        operation: &str,
        order: &str,
    ) -> Vec<String> {
        let about = json!({ "order.id": order }).to_string();
        let query = [
            ("query.startTimeMin", "1970-01-01T00:00:00Z"),
            ("query.startTimeMax", "2200-01-01T00:00:00Z"),
            ("query.serviceName", service),
            ("query.operationName", operation),
            ("query.attributes", &about),
        ];
        let Some(answer) = self.get("/api/v3/trace-summaries", &query).await else {
            return Vec::new();
        };
        let id = |summary: &Value| summary["traceId"].as_str().unwrap().to_owned();
        list(&answer["summaries"]).iter().map(id).collect()
    }

    /// Everything that was logged within a trace.
    pub(crate) async fn logs(&self, trace: &str) -> Vec<Record> {
        let answer = self.get("/api/logs", &[("traceId", trace)]).await.unwrap();
        let mut records = Vec::new();
        for of_resource in list(&answer["result"]["resourceLogs"]) {
            let resource = named(&of_resource["resource"]);
            for record in flat(of_resource, "scopeLogs", "logRecords") {
                records.push(Record {
                    service: text(&resource["service.name"]),
                    message: text(&record["body"]),
                });
            }
        }
        records
    }

    /// An answer as it came; none for 404.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Option<Value> {
        let mut url: Url = format!("{}{path}", self.url).parse().unwrap();
        url.query_pairs_mut().extend_pairs(query);
        let answer = self.http.get(url).send().await.unwrap();
        if answer.status() == StatusCode::NOT_FOUND {
            return None;
        }
        assert_eq!(answer.status(), 200, "{path}");
        Some(answer.json().await.unwrap())
    }
}

fn spans(answer: &Value) -> Vec<Span> {
    let mut found = Vec::new();
    for of_resource in list(&answer["result"]["resourceSpans"]) {
        let resource = named(&of_resource["resource"]);
        let sent = flat(of_resource, "scopeSpans", "spans");
        found.extend(sent.map(|span| Span {
            id: span["spanId"].as_str().unwrap().to_owned(),
            parent: span["parentSpanId"].as_str().unwrap_or_default().to_owned(),
            service: text(&resource["service.name"]),
            kind: kind(&span["kind"]),
            name: span["name"].as_str().unwrap().to_owned(),
            start: span["startTimeUnixNano"].as_str().unwrap().parse().unwrap(),
            failed: span["status"]["code"] == 2,
            attributes: named(span),
            resource: resource.clone(),
            links: list(&span["links"]).iter().map(link).collect(),
        }));
    }
    found
}

fn kind(number: &Value) -> &'static str {
    match number.as_u64().unwrap() {
        1 => "INTERNAL",
        2 => "SERVER",
        3 => "CLIENT",
        4 => "PRODUCER",
        5 => "CONSUMER",
        other => panic!("OTLP has no kind {other}"),
    }
}

fn link(link: &Value) -> (String, String) {
    let part = |name: &str| link[name].as_str().unwrap().to_owned();
    (part("traceId"), part("spanId"))
}

/// The attributes of something, by name.
fn named(of: &Value) -> BTreeMap<String, Value> {
    let pair = |one: &Value| {
        (
            one["key"].as_str().unwrap().to_owned(),
            one["value"].clone(),
        )
    };
    list(&of["attributes"]).iter().map(pair).collect()
}

fn flat<'a>(of: &'a Value, outer: &str, inner: &'a str) -> impl Iterator<Item = &'a Value> {
    let scopes = list(&of[outer]).iter();
    scopes.flat_map(move |scope| list(&scope[inner]))
}

fn text(value: &Value) -> String {
    value["stringValue"].as_str().unwrap_or_default().to_owned()
}

/// A list; proto3 JSON leaves empty ones out.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
