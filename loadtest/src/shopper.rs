//! One customer: an account, a session, and the requests a person would make.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::report::Recorder;

/// What every customer has. Not a secret: the accounts live as long as the lab.
const PASSWORD: &str = "correct-horse-battery-staple";

/// Speaks to the gateway.
#[derive(Clone)]
pub struct Shopper {
    http: Client,
    base: Arc<str>,
    recorder: Arc<Recorder>,
    token: Arc<str>,
    /// The account.
    pub email: String,
}

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// Token of the provider.
    pub token: &'static str,
    /// Which provider.
    pub provider: &'static str,
    /// Whether the provider takes it.
    pub good: bool,
}

/// An order as far as a customer looks at it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its id.
    pub id: Uuid,
    /// pending, paid, cancelled.
    pub status: String,
    /// Why it was cancelled.
    pub reason: Option<String>,
    /// Trace of the request that told this.
    pub trace_id: String,
}

/// An answer as it came.
struct Answer {
    body: Value,
    trace_id: String,
}

impl Shopper {
    /// Registers and logs in.
    ///
    /// # Errors
    /// The shop refuses, or does not answer.
    pub async fn arrive(
        http: &Client,
        base: &str,
        recorder: Arc<Recorder>,
    ) -> anyhow::Result<Self> {
        let email = format!("customer-{}@faultline.test", Uuid::now_v7().simple());
        let mut shopper = Self {
            http: http.clone(),
            base: base.into(),
            recorder,
            token: "".into(),
            email: email.clone(),
        };
        let account = json!({ "email": email, "password": PASSWORD, "name": "Customer" });
        let register = shopper.call(Method::POST, "/api/v1/auth/register", Some(&account));
        register
            .timed("POST /auth/register", StatusCode::CREATED)
            .await?;
        let login = json!({ "email": email, "password": PASSWORD });
        let login = shopper.call(Method::POST, "/api/v1/auth/login", Some(&login));
        let session = login.timed("POST /auth/login", StatusCode::OK).await?;
        shopper.token = session.body["access_token"]
            .as_str()
            .context("no access token")?
            .into();
        Ok(shopper)
    }

    /// Looks at a page of the catalogue and at one product of it.
    ///
    /// # Errors
    /// A wrong answer, or none.
    pub async fn browse(&self, page: u32) -> anyhow::Result<()> {
        let path = format!("/api/v1/products?page={page}&limit=20");
        let list = self.call(Method::GET, &path, None);
        let list = list.timed("GET /products", StatusCode::OK).await?.body;
        let Some(id) = list["items"][0]["id"].as_str() else {
            bail!("an empty page {page}")
        };
        let one = self.call(Method::GET, &format!("/api/v1/products/{id}"), None);
        let one = one.timed("GET /products/{id}", StatusCode::OK).await?.body;
        if one["id"].as_str() != Some(id) {
            bail!("asked for product {id}, got {}", one["id"]);
        }
        Ok(())
    }

    /// Orders one unit, `late` after the moment at which it was meant to start. The whole checkout is one request.
    ///
    /// # Errors
    /// A wrong answer, or none.
    pub async fn order(
        &self,
        product: Uuid,
        card: Card,
        intended: Instant,
    ) -> anyhow::Result<Order> {
        let body = json!({
            "items": [{ "product_id": product, "quantity": 1 }],
            "payment": { "token": card.token, "provider": card.provider },
        });
        let mut call = self.call(Method::POST, "/api/v1/orders", Some(&body));
        call.request = call
            .request
            .header("Idempotency-Key", Uuid::now_v7().to_string());
        call.started = intended;
        Order::parse(call.timed("POST /orders", StatusCode::CREATED).await?)
    }

    /// Reads an order back.
    ///
    /// # Errors
    /// A wrong answer, or none.
    pub async fn look(&self, order: Uuid) -> anyhow::Result<Order> {
        let call = self.call(Method::GET, &format!("/api/v1/orders/{order}"), None);
        Order::parse(call.timed("GET /orders/{id}", StatusCode::OK).await?)
    }

    /// Changes one's mind.
    ///
    /// # Errors
    /// A wrong answer, or none.
    pub async fn cancel(&self, order: Uuid) -> anyhow::Result<Order> {
        let body = json!({ "reason": "changed my mind" });
        let path = format!("/api/v1/orders/{order}/cancel");
        let call = self.call(Method::POST, &path, Some(&body));
        Order::parse(
            call.timed("POST /orders/{id}/cancel", StatusCode::OK)
                .await?,
        )
    }

    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Call<'_> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Call {
            request,
            started: Instant::now(),
            recorder: &self.recorder,
        }
    }
}

struct Call<'a> {
    request: reqwest::RequestBuilder,
    started: Instant,
    recorder: &'a Recorder,
}

impl Call<'_> {
    /// Sends, reads to the last byte, records, and checks the status.
    async fn timed(self, endpoint: &'static str, expected: StatusCode) -> anyhow::Result<Answer> {
        let answer = exchange(self.request).await;
        let took = self.started.elapsed();
        let error = match &answer {
            Ok((status, _)) if *status == expected => None,
            Ok((status, answer)) => Some(format!(
                "{status} {}",
                answer.body["code"].as_str().unwrap_or("")
            )),
            Err(_) => Some("no answer".to_owned()),
        };
        self.recorder.request(endpoint, took, error.clone());
        match error {
            None => Ok(answer?.1),
            Some(error) => bail!("{endpoint}: {error}"),
        }
    }
}

async fn exchange(request: reqwest::RequestBuilder) -> anyhow::Result<(StatusCode, Answer)> {
    let response = request.send().await?;
    let status = response.status();
    let trace_id = response
        .headers()
        .get("x-trace-id")
        .and_then(|id| id.to_str().ok());
    let trace_id = trace_id.unwrap_or_default().to_owned();
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
    Ok((status, Answer { body, trace_id }))
}

impl Order {
    fn parse(Answer { body, trace_id }: Answer) -> anyhow::Result<Self> {
        Ok(Self {
            trace_id,
            id: body["id"]
                .as_str()
                .context("an order without id")?
                .parse()?,
            status: body["status"]
                .as_str()
                .context("an order without status")?
                .to_owned(),
            reason: body["reason"].as_str().map(str::to_owned),
        })
    }

    /// For the table: `paid`, or `cancelled: why`.
    pub fn outcome(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{}: {reason}", self.status),
            None => self.status.clone(),
        }
    }
}

/// A client for all shoppers of a run.
///
/// # Errors
/// It cannot be built.
#[expect(
    clippy::disallowed_methods,
    reason = "a customer has no edge and no policy"
)]
pub fn client() -> anyhow::Result<Client> {
    let client = Client::builder()
        .timeout(Duration::from_secs(10))
        .tcp_nodelay(true);
    client.build().context("HTTP client")
}
