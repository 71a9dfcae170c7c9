//! What stands before a provider while it is verified: it brings the provider into the states that exchanges ask for,
//! answers for its events with what its own code writes, and passes everything else on. A deliberate [`Break`], if there
//! is one, is applied here, between the provider and whoever verifies it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{proof::breaks::Break, shop::Shop, states::States};

/// Where states are asked for, and events.
pub const STATES: &str = "/_pact/states";
/// Where events are asked for.
pub const MESSAGES: &str = "/_pact/messages";

/// Larger than anything that pacts send.
const BODY_BYTES_MAX: usize = 1 << 20;
/// A limit of ten a second lets at most a few more through.
const INSIST_MAX: usize = 1_000;

/// A front, until it is dropped.
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    before: Arc<Before>,
    _server: JoinSet<()>,
}

struct Before {
    provider: String,
    shop: Arc<Shop>,
    states: States,
    breaking: Option<Break>,
    /// Why states could not be brought about, by their names: Pact's verifier says only that they could not.
    failed: Mutex<BTreeMap<String, String>>,
}

impl Front {
    /// Stands before a provider.
    ///
    /// # Errors
    /// No port is free.
    pub async fn before(
        provider: &str,
        shop: &Arc<Shop>,
        breaking: Option<Break>,
    ) -> anyhow::Result<Self> {
        let before = Arc::new(Before {
            provider: provider.to_owned(),
            shop: shop.clone(),
            states: States::of(shop.clone()),
            breaking,
            failed: Mutex::default(),
        });
        let router = Router::new()
            .route(STATES, post(set_up))
            .route(MESSAGES, post(message))
            .fallback(pass_on)
            .with_state(before.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut server = JoinSet::new();
        server.spawn(async move {
            // Ends with the process, or when it is dropped.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            before,
            _server: server,
        })
    }

    /// Why this state could not be brought about, if it could not.
    ///
    /// # Panics
    /// Never: nobody panics with the list in hand.
    #[must_use]
    pub fn why_not(&self, state: &str) -> Option<String> {
        let failed = self.before.failed.lock().expect("no panic while held");
        failed.get(state).cloned()
    }
}

type Shared = State<Arc<Before>>;

/// What went wrong, for whoever reads the verifier's report.
struct Failed(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{:#}", self.0)).into_response()
    }
}

/// `{"state": …, "action": "setup"}`: the values that the state gives.
async fn set_up(State(before): Shared, body: Bytes) -> Result<Response, Failed> {
    let asked: Value = serde_json::from_slice(&body)?;
    let state = asked["state"].as_str().unwrap_or_default();
    if state.is_empty() || asked["action"] == "teardown" {
        return Ok(in_json(&json!({})));
    }
    match before.states.set_up(&before.provider, state).await {
        Ok(values) => Ok(in_json(&Value::Object(values))),
        Err(error) => {
            let mut failed = before.failed.lock().expect("no panic while held");
            failed.insert(state.to_owned(), format!("{error:#}"));
            Err(error.into())
        }
    }
}

/// `{"description": "OrderPaid"}`: such an event, made by the code that writes it.
async fn message(State(before): Shared, body: Bytes) -> Result<Response, Failed> {
    let asked: Value = serde_json::from_slice(&body)?;
    let name = asked["description"].as_str().unwrap_or_default();
    let written = contracts::events::written().into_iter();
    let mut written = written
        .filter(|(service, _)| *service == before.provider)
        .flat_map(|(_, events)| events);
    let event = written.find(|event| event.event_type == name);
    let mut event = event.with_context(|| format!("{} writes no {name}", before.provider))?;
    let mut metadata = json!({
        "contentType": "application/json",
        "ce_type": event.event_type,
        "ce_dataversion": event.data_version.to_string(),
    });
    if let Some(broken) = &before.breaking {
        broken.event(name, &mut metadata, &mut event.data);
    }
    let metadata = BASE64_STANDARD.encode(metadata.to_string());
    let mut response = in_json(&event.data);
    let headers = response.headers_mut();
    headers.insert("pact-message-metadata", metadata.parse()?);
    Ok(response)
}

fn in_json(body: &Value) -> Response {
    let media_type = [(header::CONTENT_TYPE, "application/json")];
    (media_type, body.to_string()).into_response()
}

async fn pass_on(State(before): Shared, request: Request) -> Result<Response, Failed> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await?;
    let broken = before
        .breaking
        .as_ref()
        .filter(|broken| broken.concerns(&parts.method, parts.uri.path()));
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let said = if body.is_empty() { query } else { &body[..] };
    if let Some(refusal) = broken.and_then(|broken| broken.refuses(said)) {
        return Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            [(header::CONTENT_TYPE, "application/problem+json")],
            refusal.to_string(),
        )
            .into_response());
    }
    let mut answer = before.ask(&parts, &body).await?;
    if let Some(broken) = broken {
        broken.answer(&mut answer.status, &mut answer.headers, &mut answer.body);
    }
    Ok(answer.into_response())
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Before {
    async fn ask(&self, parts: &Parts, body: &Bytes) -> anyhow::Result<Answer> {
        let bearer = chassis::auth::bearer(&parts.headers).unwrap_or_default();
        let times = match self.states.insists(bearer).await {
            true => INSIST_MAX,
            false => 1,
        };
        let mut answer = self.ask_once(parts, body).await?;
        for _ in 1..times {
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                break;
            }
            answer = self.ask_once(parts, body).await?;
        }
        Ok(answer)
    }

    async fn ask_once(&self, parts: &Parts, body: &Bytes) -> anyhow::Result<Answer> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers.clone();
        for hop in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
            headers.remove(hop);
        }
        let request = self
            .shop
            .request(&self.provider, parts.method.clone(), path)?;
        let response = request.headers(headers).body(body.clone()).send().await?;
        let (status, mut headers) = (response.status(), response.headers().clone());
        for hop in [
            header::TRANSFER_ENCODING,
            header::CONTENT_LENGTH,
            header::CONNECTION,
        ] {
            headers.remove(hop);
        }
        Ok(Answer {
            status,
            headers,
            body: response.bytes().await?.into(),
        })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
