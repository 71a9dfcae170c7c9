//! A running payment service and a running provider, each with a database of its own, and the few things that tests say
//! to them.

mod books;
pub(crate) mod ledger;
pub(crate) mod wire;

use std::time::Duration;

use chassis::{
    config::Env,
    db::Db,
    service::{self, Running},
    testing::{self, TestDb, auth::TestAuth, scrape::Scrape, wait_for},
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use self::books::assert_books_balance;
use self::{ledger::Ledger, wire::Wire};

/// Generous: it only ends tests that have failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Nobody listens here: connections are refused, and events wait in the outbox.
pub(crate) const NOBODY: &str = "127.0.0.1:1";

pub(crate) const API_KEY: &str = "sk_test_faultline";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_faultline";
pub(crate) const KEY_1: &str = "k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

pub(crate) struct Shop {
    pub(crate) db: TestDb,
    pub(crate) auth: TestAuth,
    pub(crate) running: Running,
    pub(crate) ledger: Ledger,
    psp: Running,
    /// Between the service and its providers.
    pub(crate) stripe: Wire,
    pub(crate) paypal: Wire,
    pub(crate) client: Client,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) replayed: bool,
    pub(crate) retry_after: bool,
}

impl Answer {
    /// `(status, code)` of a problem.
    pub(crate) fn problem(&self) -> (u16, &str) {
        (
            self.status.as_u16(),
            self.body["code"].as_str().unwrap_or(""),
        )
    }

    /// `(HTTP status, status)` of a payment or refund.
    pub(crate) fn state(&self) -> (u16, &str) {
        (
            self.status.as_u16(),
            self.body["status"].as_str().unwrap_or(""),
        )
    }

    pub(crate) fn id(&self) -> Uuid {
        self.body["id"].as_str().unwrap().parse().unwrap()
    }
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    pub(crate) async fn open_with(settings: &[(&str, &str)]) -> Self {
        let (db, auth) = (
            testing::database(&payment::store::MIGRATOR).await,
            TestAuth::start().await,
        );
        let psp_db = testing::database(&psp::MIGRATOR).await;
        let psp = start_psp(&psp_db, &[]).await;
        let (stripe, paypal) = (Wire::to(psp.http_addr).await, Wire::to(psp.http_addr).await);
        let (stripe_url, paypal_url) = (stripe.url(), paypal.url());
        let mut env = environment(&auth, &db, &stripe_url, &paypal_url);
        env.extend(own(settings));
        let running = start(env).await;
        let ledger = Ledger::new(psp_db);
        Self {
            db,
            auth,
            running,
            ledger,
            psp,
            stripe,
            paypal,
            client: Client::new(),
        }
    }

    pub(crate) fn pool(&self) -> &Db {
        &self.db.pool
    }

    /// Another instance on the same database, with other settings.
    pub(crate) async fn second_instance(&self, settings: &[(&str, &str)]) -> Running {
        let mut env = environment(&self.auth, &self.db, &self.stripe.url(), &self.paypal.url());
        env.extend(own(settings));
        start(env).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(
            method,
            format!("{}/api/v1/payments{path}", self.running.url()),
        )
    }

    /// A delivery of a provider, not signed yet.
    pub(crate) fn webhook(&self) -> RequestBuilder {
        self.client
            .post(format!("{}/webhooks/psp", self.running.url()))
    }

    /// A request of the order service.
    pub(crate) fn as_order(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path)
            .bearer_auth(self.auth.service_token("order"))
    }

    /// A request of an administrator.
    pub(crate) fn as_admin(&self, method: Method, path: &str) -> RequestBuilder {
        let token = self.auth.user_token(Uuid::now_v7(), &["customer", "admin"]);
        self.request(method, path).bearer_auth(token)
    }

    /// Asks for a payment of 19.99 EUR.
    pub(crate) async fn pay(&self, order: Uuid, token: &str) -> Answer {
        self.pay_by(order, json!({ "token": token })).await
    }

    pub(crate) async fn pay_by(&self, order: Uuid, method: Value) -> Answer {
        send(self.asking(order, &asked(order, method))).await
    }

    /// The request for a payment, not sent yet.
    pub(crate) fn asking(&self, order: Uuid, body: &Value) -> RequestBuilder {
        let request = self.as_order(Method::POST, "");
        request
            .header("idempotency-key", order.to_string())
            .json(body)
    }

    pub(crate) async fn void(&self, order: Uuid) -> Answer {
        send(self.as_order(Method::POST, &format!("/order/{order}/void"))).await
    }

    pub(crate) async fn confirm(&self, payment: Uuid) -> Answer {
        send(self.as_order(Method::POST, &format!("/{payment}/confirm"))).await
    }

    /// Refunds cents, or the rest.
    pub(crate) async fn refund(&self, payment: Uuid, cents: Option<i64>, key: &str) -> Answer {
        let mut body = json!({ "reason": "it broke" });
        if let Some(cents) = cents {
            body["amount"] = json!({ "amount": cents, "currency": "EUR" });
        }
        let request = self.as_order(Method::POST, &format!("/{payment}/refunds"));
        send(request.header("idempotency-key", key).json(&body)).await
    }

    pub(crate) async fn of_order(&self, order: Uuid) -> Answer {
        send(self.as_order(Method::GET, &format!("/order/{order}"))).await
    }

    /// Waits until the payment of an order has a status.
    pub(crate) async fn becomes(&self, order: Uuid, status: &str) -> Answer {
        wait_for(LIMIT, async || {
            self.of_order(order).await.body["status"] == status
        })
        .await;
        self.of_order(order).await
    }

    /// Types of the events of a payment, oldest first.
    pub(crate) async fn events(&self, payment: Uuid) -> Vec<(String, Value)> {
        let mut conn = self.pool().acquire().await.unwrap();
        let stream = chassis::events::outbox::load_stream(&mut conn, payment)
            .await
            .unwrap();
        stream
            .into_iter()
            .map(|event| (event.event_type, event.data))
            .collect()
    }

    pub(crate) async fn event_types(&self, payment: Uuid) -> Vec<String> {
        self.events(payment)
            .await
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    /// The sum over the series with these labels, 0 if there are none.
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        Scrape::parse(&self.running.context().metrics.render()).sum(name, labels)
    }

    /// Checks the books and stops both services.
    pub(crate) async fn close(self) {
        assert_books_balance(self.pool(), &self.ledger).await;
        assert!(self.running.stop().await, "the service stops in time");
        self.psp.stop().await;
    }
}

/// The body that asks for a payment.
pub(crate) fn asked(order: Uuid, method: Value) -> Value {
    json!({
        "order_id": order,
        "user_id": Uuid::from_u128(7),
        "amount": { "amount": 1999, "currency": "EUR" },
        "method": method,
    })
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the service answers");
    let status = response.status();
    let replayed = response.headers().contains_key("idempotency-replayed");
    let retry_after = response.headers().contains_key("retry-after");
    let text = response.text().await.expect("the body is read to its end");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer {
        status,
        body,
        replayed,
        retry_after,
    }
}

/// Requests give up after their first try, and the reconciler looks only at what a test makes due: what is unknown
/// stays pending.
pub(crate) const PATIENT: [(&str, &str); 3] = [
    ("PAYMENT_CALL_TRIES_MAX", "1"),
    ("PAYMENT_CHECK_BASE_MS", "600000"),
    ("PAYMENT_CHECK_CAP_MS", "600000"),
];

/// What the service is told: short waits, so that tests do not take long.
pub(crate) fn environment(
    auth: &TestAuth,
    db: &TestDb,
    stripe: &str,
    paypal: &str,
) -> Vec<(String, String)> {
    let mut env = auth.env();
    env.extend(own(&[
        ("DATABASE_URL", &db.url),
        ("KAFKA_BROKERS", NOBODY),
        ("PSP_API_KEY", API_KEY),
        ("PSP_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("PAYMENT_ENCRYPTION_KEYS", KEY_1),
        ("EDGE_STRIPE_URL", stripe),
        ("EDGE_PAYPAL_URL", paypal),
        ("EDGE_STRIPE_TRY_TIMEOUT_MS", "500"),
        ("EDGE_PAYPAL_TRY_TIMEOUT_MS", "500"),
        ("PAYMENT_LEASE_MS", "2000"),
        ("PAYMENT_CHECK_BASE_MS", "20"),
        ("PAYMENT_CHECK_CAP_MS", "200"),
        ("PAYMENT_RECONCILER_POLL_MS", "20"),
    ]));
    env
}

async fn start(env: Vec<(String, String)>) -> Running {
    let started = service::start("payment", Env::from_pairs(env), payment::app::build).await;
    started.expect("the service starts")
}

pub(crate) async fn start_psp(db: &TestDb, settings: &[(&str, &str)]) -> Running {
    let mut env = own(&[
        ("DATABASE_URL", &db.url),
        ("PSP_API_KEY", API_KEY),
        ("PSP_WEBHOOK_SECRET", WEBHOOK_SECRET),
    ]);
    env.extend(own(settings));
    let started = service::start("psp", Env::from_pairs(env), psp::app::build).await;
    started.expect("the provider starts")
}

pub(crate) fn own(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
