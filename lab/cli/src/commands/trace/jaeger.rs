//! A client of version 3 of Jaeger's query API: as much of it as a waterfall needs. It reads its
//! own view of OTLP/JSON, and works with a real Jaeger as with the observatory.

use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// Longer than any answer of a store with its memory full takes.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// No span of the shop takes longer: requests give up after a minute.
const SPAN_LONGEST_US: u64 = 3_600_000_000;
/// Two spans this close are equally slow.
const PRECISION_US: u64 = 50;

/// Who is asked.
pub(super) struct Jaeger {
    http: reqwest::Client,
    url: String,
}

/// Which traces.
#[derive(Default, Clone, Copy)]
pub(super) struct Filter<'a> {
    pub(super) service: Option<&'a str>,
    pub(super) operation: Option<&'a str>,
    pub(super) attribute: Option<(&'a str, &'a str)>,
    pub(super) duration_min_us: u64,
    /// Only what began since then.
    pub(super) since: Option<DateTime<Utc>>,
}

/// A trace in short.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub(super) trace_id: String,
    #[serde(rename = "minStartTimeUnixNano", default, deserialize_with = "nanos")]
    pub(super) start: u64,
}

/// A span, with what a waterfall shows of it. Times are nanoseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) trace_id: String,
    pub(super) id: String,
    pub(super) parent: String,
    pub(super) service: String,
    pub(super) name: String,
    pub(super) start: u64,
    pub(super) end: u64,
    /// Is it a statement of a database or a message on its way, of which there are many and most are short?
    pub(super) detail: bool,
    /// Why it failed; empty when the sender did not say.
    pub(super) error: Option<String>,
    /// Ids of the traces that it is linked to.
    pub(super) links: Vec<String>,
}

/// A log line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) span: String,
    pub(super) time: u64,
    pub(super) service: String,
    pub(super) level: String,
    pub(super) message: String,
}

impl Jaeger {
    #[expect(
        clippy::disallowed_methods,
        reason = "an operator's question has no edge policy"
    )]
    pub(super) fn at(url: String) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_WITHIN)
            .build()?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { http, url })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// A trace as it was answered; none when there is no such trace.
    pub(super) async fn trace(&self, id: &str) -> anyhow::Result<Option<Value>> {
        self.get(&format!("/api/v3/traces/{id}"), &[]).await
    }

    /// The latest traces that have such a span.
    pub(super) async fn find(&self, filter: &Filter<'_>) -> anyhow::Result<Vec<Summary>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            summaries: Vec<Summary>,
        }
        let answer = self.get("/api/v3/trace-summaries", &filter.query()).await?;
        let answer = answer.unwrap_or_else(|| json!({}));
        let answer: Answer = serde_json::from_value(answer).context("read the summaries")?;
        Ok(answer.summaries)
    }

    /// The trace with the longest span, found by halving the time that a span must have taken.
    pub(super) async fn slowest(&self, mut filter: Filter<'_>) -> anyhow::Result<Option<String>> {
        let mut slowest = self.find(&filter).await?;
        let (mut low, mut high) = (0, SPAN_LONGEST_US);
        while slowest.len() > 1 && high - low > PRECISION_US {
            // Most spans are short: a quarter of the rest finds the top in fewer steps than half.
            let middle = low + (high - low).div_ceil(4);
            filter.duration_min_us = middle;
            let slower = self.find(&filter).await?;
            if slower.is_empty() {
                high = middle;
            } else {
                (low, slowest) = (middle, slower);
            }
        }
        Ok(slowest.into_iter().next().map(|summary| summary.trace_id))
    }

    /// The log lines of a trace, oldest first.
    pub(super) async fn logs(&self, id: &str) -> anyhow::Result<Vec<Line>> {
        let answer = self.get("/api/logs", &[("traceId", id.to_owned())]).await?;
        let Some(answer) = answer else {
            bail!("{} keeps no logs: leave --logs out", self.url);
        };
        let data: wire::Answer<wire::Logs> = serde_json::from_value(answer)?;
        Ok(wire::lines(data.result))
    }

    async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Option<Value>> {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        let url = format!("{}{path}?{query}", self.url);
        let sent = self.http.get(&url).send().await;
        let answer = sent.with_context(|| format!("no answer from {}", self.url))?;
        let status = answer.status();
        let text = answer.text().await?;
        match status {
            StatusCode::OK => Ok(Some(
                serde_json::from_str(&text)
                    .with_context(|| format!("{url} did not answer JSON"))?,
            )),
            StatusCode::NOT_FOUND => Ok(None),
            _ => bail!("{url} answered {status}: {text}"),
        }
    }
}

impl Filter<'_> {
    fn query(&self) -> Vec<(&'static str, String)> {
        let since = self.since.unwrap_or(DateTime::UNIX_EPOCH);
        let since = since.to_rfc3339_opts(SecondsFormat::Micros, true);
        let mut query = vec![
            ("query.startTimeMin", since),
            ("query.startTimeMax", "2200-01-01T00:00:00Z".to_owned()),
            ("query.searchDepth", "100".to_owned()),
        ];
        if self.duration_min_us > 0 {
            query.push(("query.durationMin", format!("{}us", self.duration_min_us)));
        }
        if let Some(service) = self.service {
            query.push(("query.serviceName", service.to_owned()));
        }
        if let Some(operation) = self.operation {
            query.push(("query.operationName", operation.to_owned()));
        }
        if let Some((key, value)) = self.attribute {
            query.push(("query.attributes", json!({ key: value }).to_string()));
        }
        query
    }
}

/// The spans of a trace that was answered.
pub(super) fn spans(answer: Value) -> serde_json::Result<Vec<Span>> {
    let data: wire::Answer<wire::Traces> = serde_json::from_value(answer)?;
    Ok(wire::spans(data.result))
}

/// A 64-bit integer of proto3 JSON: a string, or a number.
fn nanos<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    match Value::deserialize(from)? {
        Value::String(text) => text.parse().map_err(serde::de::Error::custom),
        value => value
            .as_u64()
            .ok_or_else(|| serde::de::Error::custom("not a time")),
    }
}

mod wire;
