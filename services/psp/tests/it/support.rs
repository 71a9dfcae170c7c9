//! A provider of one's own for each test, and a client of either shape.

use std::time::Duration;

use chassis::{
    config::Env,
    service::{self, Running},
    testing::{TestDb, database},
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

pub(crate) const API_KEY: &str = "sk_test_faultline";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_test";

/// Long enough for a busy machine, short enough to notice.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// A running provider.
pub(crate) struct Psp {
    running: Running,
    pub(crate) db: TestDb,
    pub(crate) http: Client,
}

/// An answer, read to its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

impl Answer {
    /// A text at a JSON pointer; panics with the whole answer when there is none.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> &str {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn number(&self, pointer: &str) -> i64 {
        let found = self.body.pointer(pointer).and_then(Value::as_i64);
        found.unwrap_or_else(|| panic!("no number at {pointer}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{self:?}");
        self
    }
}

impl Psp {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With more settings.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        let db = database(&psp::MIGRATOR).await;
        let mut env = vec![
            ("DATABASE_URL", db.url.as_str()),
            ("PSP_API_KEY", API_KEY),
            ("PSP_WEBHOOK_SECRET", WEBHOOK_SECRET),
            ("REQUEST_TIMEOUT_MS", "65000"),
        ];
        env.extend_from_slice(settings);
        let running = service::start("psp", Env::from_pairs(env), psp::app::build).await;
        Self {
            running: running.expect("the provider starts"),
            db,
            http: Client::new(),
        }
    }

    /// Another instance on the same database; lives as long as the test. Gives its address.
    pub(crate) async fn second_instance(&self, database_url: &str) -> String {
        let env = [
            ("DATABASE_URL", database_url),
            ("PSP_API_KEY", API_KEY),
            ("PSP_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ];
        let running = service::start("psp", Env::from_pairs(env), psp::app::build).await;
        running.expect("the provider starts").url()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url())
    }

    pub(crate) async fn stop(self) -> bool {
        self.running.stop().await
    }

    /// A request to the Stripe face with the API key.
    pub(crate) fn stripe(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, self.url(path))
            .bearer_auth(API_KEY)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.stripe(Method::GET, path)).await
    }

    /// A form to the Stripe face, without a key.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        send(self.stripe(Method::POST, path).form(form)).await
    }

    pub(crate) async fn post_keyed(&self, path: &str, key: &str, form: &[(&str, &str)]) -> Answer {
        let request = self
            .stripe(Method::POST, path)
            .header("idempotency-key", key);
        send(request.form(form)).await
    }

    /// Charges `amount` cents for an order.
    pub(crate) async fn charge(&self, token: &str, amount: &str, order: &str) -> Answer {
        self.post("/v1/payment_intents", &charge_form(token, amount, order))
            .await
    }

    /// `{captured, refunded, net, charges, refunds}` of the ledger in euros; zeros when nothing moved.
    pub(crate) async fn totals(&self) -> [i64; 5] {
        let totals = self.get("/ledger/totals").await.ok();
        ["captured", "refunded", "net", "charges", "refunds"].map(|name| {
            let sum = totals.body.pointer(&format!("/EUR/{name}"));
            sum.map_or(0, |sum| sum.as_i64().expect("sums are numbers"))
        })
    }
}

/// The form that creates and confirms.
pub(crate) fn charge_form<'a>(
    token: &'a str,
    amount: &'a str,
    order: &'a str,
) -> [(&'a str, &'a str); 5] {
    [
        ("amount", amount),
        ("currency", "eur"),
        ("confirm", "true"),
        ("payment_method", token),
        ("metadata[order_id]", order),
    ]
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the provider answers");
    let status: StatusCode = response.status();
    let replayed = response
        .headers()
        .get("idempotent-replayed")
        .is_some_and(|v| v == "true");
    let text = response.text().await.expect("the answer is complete");
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"));
    Answer {
        status: status.as_u16(),
        replayed,
        body,
    }
}
