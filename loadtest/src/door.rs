//! The small client that every scenario speaks through: sends one request with a trace context of its own, reads the
//! answer to its last byte, lets the caller judge the content, and notes the operation. It retries nothing: what a
//! customer would do next is the scenario's business.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use reqwest::{Client, Method};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    fault::{Fault, Kind},
    recorder::{Operation, Recorder},
    trace::TraceContext,
};

/// A customer who has waited this long has gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// The gateway, as customers see it.
#[derive(Clone)]
pub struct Door {
    http: Client,
    base: Arc<str>,
    recorder: Arc<Recorder>,
}

/// One request.
pub struct Ask {
    /// Method and route, without ids: the row of the report.
    endpoint: &'static str,
    method: Method,
    path: String,
    body: Body,
    token: Option<Arc<str>>,
    key: Option<Uuid>,
    /// The order that it is about, known before there is an answer.
    order: Option<Uuid>,
    /// Statuses that are right answers.
    expected: &'static [u16],
}

enum Body {
    None,
    Json(Value),
    /// Sent as it is, and called JSON.
    Raw(&'static str),
}

/// An answer as it came.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, or null when it is no JSON.
    pub body: Value,
    /// The trace of the request.
    pub trace_id: String,
}

/// Who asks, and since when they wanted to.
#[derive(Clone, Copy)]
pub struct Moment {
    /// The scenario's name.
    pub scenario: &'static str,
    /// When the request was meant to be sent; its latency counts from here.
    pub intended: Instant,
}

impl Ask {
    /// A read that is right with 200.
    pub fn get(endpoint: &'static str, path: impl Into<String>) -> Self {
        Self::new(endpoint, Method::GET, path.into(), Body::None)
    }

    /// A write that is right with 200.
    pub fn post(endpoint: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self::new(endpoint, Method::POST, path.into(), Body::Json(body))
    }

    /// A write whose body is anything.
    pub fn raw(endpoint: &'static str, path: impl Into<String>, body: &'static str) -> Self {
        Self::new(endpoint, Method::POST, path.into(), Body::Raw(body))
    }

    fn new(endpoint: &'static str, method: Method, path: String, body: Body) -> Self {
        Self {
            endpoint,
            method,
            path,
            body,
            token: None,
            key: None,
            order: None,
            expected: &[200],
        }
    }

    /// Says who asks.
    #[must_use]
    pub fn with_token(self, token: Arc<str>) -> Self {
        Self {
            token: Some(token),
            ..self
        }
    }

    /// Sends an `Idempotency-Key`.
    #[must_use]
    pub fn with_key(self, key: Uuid) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// Says which order it is about, for the history.
    #[must_use]
    pub fn about(self, order: Uuid) -> Self {
        Self {
            order: Some(order),
            ..self
        }
    }

    /// Other statuses than 200 are right.
    #[must_use]
    pub fn expecting(self, expected: &'static [u16]) -> Self {
        Self { expected, ..self }
    }
}

impl Door {
    /// The door at `base`, with a pool of connections that all customers share.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    #[expect(
        clippy::disallowed_methods,
        reason = "a customer has no edge and no policy"
    )]
    pub fn new(base: &str, recorder: Arc<Recorder>) -> anyhow::Result<Self> {
        let http = Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(usize::MAX)
            .build()
            .context("HTTP client")?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').into(),
            recorder,
        })
    }

    /// The same door and connections, with somebody else taking notes.
    #[must_use]
    pub fn noted_by(&self, recorder: Arc<Recorder>) -> Self {
        Self {
            recorder,
            ..self.clone()
        }
    }

    /// Who takes notes.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Sends, reads to the last byte, lets `read` judge the content, and notes what came of it.
    ///
    /// # Errors
    /// No answer, a status that was not expected, or what `read` found wrong.
    pub async fn send<T>(
        &self,
        ask: Ask,
        moment: Moment,
        read: impl FnOnce(&Answer) -> Result<T, String>,
    ) -> Result<T, Fault> {
        let trace = TraceContext::new();
        let started = Instant::now();
        let answer = self.exchange(&ask, &trace).await;
        let ended = Instant::now();
        let told = answer
            .as_ref()
            .ok()
            .and_then(|answer| order_in(&ask, answer));
        let (id, order_status) = told.unzip();
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let judged = answer.and_then(|answer| judge(&ask, &answer, read));
        self.recorder.note(Operation {
            scenario: moment.scenario,
            endpoint: ask.endpoint,
            is_write: ask.method != Method::GET,
            // A request cannot be sent before it was meant to be.
            intended: moment.intended.min(started),
            started,
            ended,
            status,
            fault: judged.as_ref().err(),
            trace_id: &trace.trace_id,
            key: ask.key,
            order: id.or(ask.order),
            order_status: order_status.as_deref(),
        });
        judged
    }

    async fn exchange(&self, ask: &Ask, trace: &TraceContext) -> Result<Answer, Fault> {
        let url = format!("{}{}", self.base, ask.path);
        let mut request = self.http.request(ask.method.clone(), url);
        request = request.header("traceparent", trace.header());
        if let Some(token) = &ask.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = ask.key {
            request = request.header("Idempotency-Key", key.to_string());
        }
        request = match &ask.body {
            Body::None => request,
            Body::Json(body) => request.json(body),
            Body::Raw(text) => request
                .header("content-type", "application/json")
                .body(*text),
        };
        let response = request.send().await.map_err(|error| no_answer(&error))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|error| no_answer(&error))?;
        Ok(Answer {
            status,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            trace_id: trace.trace_id.clone(),
        })
    }
}

fn judge<T>(
    ask: &Ask,
    answer: &Answer,
    read: impl FnOnce(&Answer) -> Result<T, String>,
) -> Result<T, Fault> {
    if ask.expected.contains(&answer.status) {
        return read(answer).map_err(|what| Fault::new(Kind::WrongAnswer, what));
    }
    let code = answer.body["code"].as_str().unwrap_or("without a code");
    let text = format!("{} {code}", answer.status);
    let kind = match answer.status {
        429 => Kind::Limited,
        500.. => Kind::ServerError,
        400.. => Kind::Refused,
        _ => Kind::WrongAnswer,
    };
    Err(Fault::new(kind, text))
}

fn no_answer(error: &reqwest::Error) -> Fault {
    let what = if error.is_timeout() {
        "none within 10 s"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    Fault::new(Kind::NoAnswer, what)
}

/// The order that an answer is about, with its status: what the auditor asks for later.
fn order_in(ask: &Ask, answer: &Answer) -> Option<(Uuid, String)> {
    if !ask.endpoint.starts_with("POST /orders") || answer.status >= 300 {
        return None;
    }
    let id = answer.body["id"].as_str()?.parse().ok()?;
    Some((id, answer.body["status"].as_str()?.to_owned()))
}
