//! A running inventory with a database of its own, and the few things that tests say to it.

use std::time::Duration;

use chassis::{
    config::Env,
    db::Db,
    service::{self, Running},
    testing::{self, TestDb, auth::TestAuth},
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};
use uuid::Uuid;

/// Generous: it only ends tests that have failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Nobody listens here. Tests that are not about Kafka do not need it: events wait in the outbox.
pub(crate) const NO_KAFKA: &str = "127.0.0.1:1";

pub(crate) struct Inventory {
    pub(crate) db: TestDb,
    pub(crate) auth: TestAuth,
    pub(crate) running: Running,
    pub(crate) client: Client,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) replayed: bool,
}

impl Inventory {
    pub(crate) async fn start() -> Self {
        Self::start_with(NO_KAFKA, &[]).await
    }

    pub(crate) async fn start_with(brokers: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_through(brokers, settings, async |direct| direct).await
    }

    /// `way` may put something between the service and its database.
    pub(crate) async fn start_through(
        brokers: &str,
        settings: &[(&str, &str)],
        way: impl AsyncFnOnce(PgConnectOptions) -> PgConnectOptions,
    ) -> Self {
        let db = testing::database(&inventory::store::MIGRATOR).await;
        let auth = TestAuth::start().await;
        let url = way(db.url.parse().unwrap()).await.to_url_lossy();
        let mut env = auth.env();
        env.extend(own(&[
            ("DATABASE_URL", url.as_str()),
            ("KAFKA_BROKERS", brokers),
        ]));
        env.extend(own(settings));
        let running = service::start("inventory", Env::from_pairs(env), inventory::app::build)
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
            format!("{}/api/v1/inventory{path}", self.running.url()),
        )
    }

    /// A request of the order service.
    pub(crate) fn as_order(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path)
            .bearer_auth(self.auth.service_token("order"))
    }

    /// A request of an administrator, with a fresh idempotency key.
    pub(crate) fn as_admin(&self, method: Method, path: &str) -> RequestBuilder {
        let token = self.auth.user_token(Uuid::now_v7(), &["customer", "admin"]);
        let key = Uuid::now_v7().to_string();
        self.request(method, path)
            .bearer_auth(token)
            .header("idempotency-key", key)
    }

    /// A product with so many units available.
    pub(crate) async fn product(&self, quantity: i64) -> Uuid {
        let product = Uuid::now_v7();
        let items = json!({ "items": [{ "product_id": product, "quantity": quantity }] });
        let answer = send(self.as_admin(Method::POST, "/import").json(&items)).await;
        assert_eq!(
            answer.body,
            json!({ "stocked": 1, "unchanged": 0 }),
            "{answer:?}"
        );
        product
    }

    pub(crate) async fn reserve(&self, order: Uuid, items: &[(Uuid, i64)]) -> Answer {
        let path = format!("/reservations/{order}");
        send(
            self.as_order(Method::PUT, &path)
                .json(&json!({ "items": lines(items) })),
        )
        .await
    }

    pub(crate) async fn commit(&self, order: Uuid) -> Answer {
        send(self.as_order(Method::POST, &format!("/reservations/{order}/commit"))).await
    }

    pub(crate) async fn release(&self, order: Uuid) -> Answer {
        send(self.as_order(Method::POST, &format!("/reservations/{order}/release"))).await
    }

    pub(crate) async fn reservation(&self, order: Uuid) -> Answer {
        send(self.as_order(Method::GET, &format!("/reservations/{order}"))).await
    }

    /// `[received, available, reserved, sold]`, as the public API tells it.
    pub(crate) async fn level(&self, product: Uuid) -> [i64; 4] {
        let answer = send(self.request(Method::GET, &format!("/{product}"))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        ["received", "available", "reserved", "sold"].map(|f| answer.body[f].as_i64().unwrap())
    }

    /// Types and data of the events about an order or a product, oldest first.
    pub(crate) async fn events(&self, aggregate: Uuid) -> Vec<(String, Value)> {
        let mut conn = self.pool().acquire().await.unwrap();
        let stream = chassis::events::outbox::load_stream(&mut conn, aggregate)
            .await
            .unwrap();
        stream
            .into_iter()
            .map(|event| (event.event_type, event.data))
            .collect()
    }

    /// Checks the books. The service ends with the test's runtime: without Kafka a graceful stop would only wait for
    /// the relay to give up.
    pub(crate) async fn finish(self) {
        assert_books_balance(self.pool()).await;
    }
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the service answers");
    let status = response.status();
    let replayed = response.headers().contains_key("idempotency-replayed");
    let text = response.text().await.expect("the body is read to its end");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer {
        status,
        body,
        replayed,
    }
}

pub(crate) fn lines(items: &[(Uuid, i64)]) -> Value {
    items
        .iter()
        .map(|(product, quantity)| json!({ "product_id": product, "quantity": quantity }))
        .collect()
}

/// Every unit is where a reservation says it is, and every event has the version of its place.
pub(crate) async fn assert_books_balance(pool: &Db) {
    let wrong: Vec<(Uuid, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT s.product_id, s.reserved, s.sold,
                coalesce(sum(i.quantity) FILTER (WHERE r.status = 'held'), 0)::bigint,
                coalesce(sum(i.quantity) FILTER (WHERE r.status = 'committed'), 0)::bigint
         FROM stock s LEFT JOIN reservation_items i USING (product_id)
                      LEFT JOIN reservations r USING (order_id)
         GROUP BY s.product_id
         HAVING s.reserved <> coalesce(sum(i.quantity) FILTER (WHERE r.status = 'held'), 0)
             OR s.sold <> coalesce(sum(i.quantity) FILTER (WHERE r.status = 'committed'), 0)
             OR s.received <> s.available + s.reserved + s.sold OR s.available < 0",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(
        wrong.is_empty(),
        "(product, reserved, sold, held, committed): {wrong:?}"
    );
    let silent: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "SELECT r.order_id, r.version, count(o.id) FROM reservations r
         LEFT JOIN outbox o ON o.aggregate_id = r.order_id
         GROUP BY r.order_id HAVING r.version <> count(o.id)",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(silent.is_empty(), "(order, version, events): {silent:?}");
}

fn own(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
