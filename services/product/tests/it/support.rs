//! A running catalogue with a database of its own, and the few things that tests say to it.

use std::time::Duration;

use chassis::{
    config::Env,
    db::Db,
    service::{self, Running},
    testing::{self, TestDb, auth::TestAuth},
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// Generous: it only ends tests that have failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Nobody listens here. Tests that are not about Kafka do not need it: events wait in the outbox.
const NO_KAFKA: &str = "127.0.0.1:1";

pub(crate) struct Catalogue {
    pub(crate) db: TestDb,
    pub(crate) auth: TestAuth,
    pub(crate) running: Running,
    pub(crate) client: Client,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) body: Value,
}

impl Catalogue {
    pub(crate) async fn start() -> Self {
        Self::start_with(NO_KAFKA).await
    }

    pub(crate) async fn start_with(brokers: &str) -> Self {
        let db = testing::database(&product::store::MIGRATOR).await;
        let auth = TestAuth::start().await;
        let mut env = auth.env();
        env.push(("DATABASE_URL".to_owned(), db.url.clone()));
        env.push(("KAFKA_BROKERS".to_owned(), brokers.to_owned()));
        let env = Env::from_pairs(env);
        let running = service::start("product", env, product::app::build)
            .await
            .unwrap();
        Self {
            db,
            auth,
            running,
            client: Client::new(),
        }
    }

    pub(crate) fn pool(&self) -> &Db {
        &self.db.pool
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(
            method,
            format!("{}/api/v1/products{path}", self.running.url()),
        )
    }

    pub(crate) fn as_admin(&self, method: Method, path: &str) -> RequestBuilder {
        let token = self.auth.user_token(Uuid::now_v7(), &["customer", "admin"]);
        self.request(method, path).bearer_auth(token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn create(&self, draft: Value) -> Answer {
        send(self.as_admin(Method::POST, "").json(&draft)).await
    }

    /// Creates a product and returns its path.
    pub(crate) async fn product(&self, draft: Value) -> String {
        let answer = self.create(draft).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        format!("/{}", answer.body["id"].as_str().unwrap())
    }

    pub(crate) async fn import(&self, items: &Value) -> Answer {
        let body = json!({ "items": items });
        send(self.as_admin(Method::POST, "/import").json(&body)).await
    }

    /// Types, versions and data of the events about a product, oldest first.
    pub(crate) async fn events(&self, path: &str) -> Vec<(String, i64, Value)> {
        let id = path.trim_start_matches('/').parse().unwrap();
        let mut conn = self.pool().acquire().await.unwrap();
        let stream = chassis::events::outbox::load_stream(&mut conn, id)
            .await
            .unwrap();
        stream
            .into_iter()
            .map(|e| (e.event_type, e.aggregate_version, e.data))
            .collect()
    }
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let header = |name| {
        response
            .headers()
            .get(name)
            .map(|v| v.to_str().unwrap().to_owned())
    };
    let (status, location, etag) = (response.status(), header("location"), header("etag"));
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer {
        status,
        location,
        etag,
        body,
    }
}

pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    let told = (answer.status.as_u16(), &answer.body["code"]);
    assert_eq!(told, (status, &json!(code)), "{answer:?}");
}

/// A product with this SKU.
pub(crate) fn lamp(sku: &str) -> Value {
    json!({
        "sku": sku,
        "name": "Desk lamp",
        "description": "Bright and warm.",
        "category": "lighting",
        "price": { "amount": 1999, "currency": "EUR" },
        "attributes": { "colour": "green", "watts": 7.5 },
    })
}

/// A lamp with one member changed.
pub(crate) fn lamp_with(field: &str, value: Value) -> Value {
    let mut lamp = lamp("LAMP-1");
    lamp[field] = value;
    lamp
}

/// Status and code of the answer, which must be a whole problem document.
pub(crate) async fn problem(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let content_type = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(content_type, "application/problem+json", "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert!(!body["request_id"].as_str().unwrap().is_empty(), "{body}");
    (status, body["code"].as_str().unwrap().to_owned())
}

/// Whether nothing was ever written.
pub(crate) async fn is_empty(catalogue: &Catalogue) -> bool {
    let rows: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM products) + (SELECT count(*) FROM outbox)",
    )
    .fetch_one(catalogue.pool())
    .await
    .unwrap();
    rows == 0
}
