//! The neighbours, started once for each test, and a customer.

use std::time::Duration;

use chassis::{
    config::Env,
    db::Db,
    metrics::Exposition,
    service::{self, Running},
    testing::{self, TestDb, auth::TestAuth, scrape::Scrape, wait_for},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::proxy::Proxy;

const PSP_KEY: &str = "sk_test_0123456789abcdef0123456789abcdef";
const WEBHOOK_SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";
/// 32 zero bytes in base64: a key for tests.
const CARD_KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// Nobody listens here: events wait in the outbox, and no test sees those of another.
const NOBODY: &str = "127.0.0.1:1";
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Everything that an order needs, with a proxy on the edges to inventory and payment.
pub(crate) struct Shop {
    pub(crate) auth: TestAuth,
    pub(crate) inventory: Proxy,
    pub(crate) payment: Proxy,
    order: Running,
    http: Client,
    user: Uuid,
    product: Uuid,
    databases: Databases,
    _neighbours: Vec<Running>,
}

struct Databases {
    order: TestDb,
    inventory: TestDb,
    _product: TestDb,
    payment: TestDb,
    psp: TestDb,
}

/// An answer with its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Shop {
    /// Opens, with a product of which there are so many.
    pub(crate) async fn open(units: u32, settings: &[(&str, &str)]) -> Self {
        let auth = TestAuth::start().await;
        let databases = Databases {
            order: testing::database(&order::MIGRATOR).await,
            inventory: testing::database(&inventory::store::MIGRATOR).await,
            _product: testing::database(&product::store::MIGRATOR).await,
            payment: testing::database(&payment::store::MIGRATOR).await,
            psp: testing::database(&psp::MIGRATOR).await,
        };
        let psp = env(
            &auth,
            &databases.psp.url,
            &[
                ("PSP_API_KEY", PSP_KEY),
                ("PSP_WEBHOOK_SECRET", WEBHOOK_SECRET),
            ],
        );
        let psp = service::start("psp", psp, psp::app::build).await.unwrap();
        let payment = env(
            &auth,
            &databases.payment.url,
            &[
                ("EDGE_STRIPE_URL", &psp.url()),
                ("EDGE_PAYPAL_URL", &psp.url()),
                ("PSP_API_KEY", PSP_KEY),
                ("PSP_WEBHOOK_SECRET", WEBHOOK_SECRET),
                ("PAYMENT_ENCRYPTION_KEYS", CARD_KEY),
            ],
        );
        let payment = service::start("payment", payment, payment::app::build)
            .await
            .unwrap();
        let inventory = env(&auth, &databases.inventory.url, &[]);
        let inventory = service::start("inventory", inventory, inventory::app::build)
            .await
            .unwrap();
        let product = env(&auth, &databases._product.url, &[]);
        let product = service::start("product", product, product::app::build)
            .await
            .unwrap();
        let inventory_proxy = Proxy::before(inventory.url()).await;
        let payment_proxy = Proxy::before(payment.url()).await;
        let mut own = vec![
            ("EDGE_PRODUCT_URL".to_owned(), product.url()),
            ("EDGE_INVENTORY_URL".to_owned(), inventory_proxy.url()),
            ("EDGE_PAYMENT_URL".to_owned(), payment_proxy.url()),
        ];
        own.extend(
            settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let own: Vec<(&str, &str)> = own.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let order = env(&auth, &databases.order.url, &own);
        let order = service::start("order", order, order::app::build)
            .await
            .unwrap();
        let shop = Self {
            user: Uuid::now_v7(),
            product: Uuid::now_v7(),
            http: Client::new(),
            auth,
            inventory: inventory_proxy,
            payment: payment_proxy,
            order,
            databases,
            _neighbours: vec![psp, payment, inventory, product],
        };
        shop.stock(units).await;
        shop
    }

    async fn stock(&self, units: u32) {
        let admin = self.auth.user_token(Uuid::now_v7(), &["admin"]);
        let products = json!({ "items": [{
            "id": self.product, "sku": "T-1", "name": "Teapot", "description": "Pours.",
            "category": "kitchen", "price": { "amount": 500, "currency": "EUR" }, "attributes": {},
        }] });
        let stock = json!({ "items": [{ "product_id": self.product, "quantity": units }] });
        for (running, path, body) in [
            (&self._neighbours[3], "/api/v1/products/import", products),
            (&self._neighbours[2], "/api/v1/inventory/import", stock),
        ] {
            let url = format!("{}{path}", running.url());
            let answer = self
                .http
                .post(url)
                .bearer_auth(&admin)
                .json(&body)
                .send()
                .await
                .unwrap();
            assert!(
                answer.status().is_success(),
                "{}",
                answer.text().await.unwrap()
            );
        }
    }

    /// What a scraper reads from the order service.
    pub(crate) async fn scrape(&self) -> Scrape {
        Scrape::of(&self.order, Exposition::OpenMetrics).await
    }

    /// Base URL of the order service.
    pub(crate) fn url(&self) -> String {
        self.order.url()
    }

    /// Orders units of the product.
    pub(crate) async fn order(&self, quantity: u32, token: &str) -> Answer {
        let body = json!({
            "items": [{ "product_id": self.product, "quantity": quantity }],
            "payment": { "token": token },
        });
        self.send(Method::POST, "/api/v1/orders", Some(&body)).await
    }

    /// Any request of the customer to the order service.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let url = format!("{}{path}", self.order.url());
        let token = self.auth.user_token(self.user, &["customer"]);
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        Answer {
            status,
            body: answer.json().await.unwrap_or(Value::Null),
        }
    }

    /// The order once its saga has come to rest.
    pub(crate) async fn settled(&self, id: &str) -> Value {
        let path = format!("/api/v1/orders/{id}");
        wait_for(LIMIT, async || {
            let order = self.send(Method::GET, &path, None).await.body;
            order["status"] != "pending" && order["cancelling"] == false
        })
        .await;
        self.send(Method::GET, &path, None).await.body
    }

    /// Whether stock and money are where the order's status says, in every database and at the provider.
    pub(crate) async fn assert_consistent(&self, id: &str, status: &str, quantity: i64, why: &str) {
        let id: Uuid = id.parse().unwrap();
        let kept = if status == "paid" { quantity } else { 0 };
        let stock: (i64, i64) = one(
            &self.databases.inventory.pool,
            "SELECT coalesce(sum(i.quantity) FILTER (WHERE r.status = 'committed'), 0)::bigint,
                    coalesce(sum(i.quantity) FILTER (WHERE r.status = 'held'), 0)::bigint
             FROM reservations r JOIN reservation_items i USING (order_id) WHERE order_id = $1",
            id,
        )
        .await;
        assert_eq!(stock, (kept, 0), "{why}: (sold, held)");
        let due = kept * 500;
        let payment: (i64,) = one(
            &self.databases.payment.pool,
            "SELECT coalesce(sum(captured - refunded), 0)::bigint FROM payments WHERE order_id = $1",
            id,
        )
        .await;
        assert_eq!(payment, (due,), "{why}: what payment keeps");
        let ledger: (i64, i64) = one(
            &self.databases.psp.pool,
            "SELECT count(*) FILTER (WHERE kind = 'capture'),
                    coalesce(sum(CASE kind WHEN 'capture' THEN amount ELSE -amount END), 0)::bigint
             FROM ledger_entries WHERE account = 'merchant' AND order_id = $1::text",
            id,
        )
        .await;
        assert!(ledger.0 <= 1, "{why}: captured {} times", ledger.0);
        assert_eq!(ledger.1, due, "{why}: what the provider says");
    }

    /// State of the order's saga.
    pub(crate) async fn saga(&self, id: &str) -> String {
        let (state,): (String,) = one(
            &self.databases.order.pool,
            "SELECT state FROM sagas WHERE order_id = $1",
            id.parse().unwrap(),
        )
        .await;
        state
    }
}

async fn one<T>(pool: &Db, sql: &'static str, id: Uuid) -> T
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    sqlx::query_as(sql).bind(id).fetch_one(pool).await.unwrap()
}

fn env(auth: &TestAuth, database: &str, own: &[(&str, &str)]) -> Env {
    let mut pairs = auth.env();
    pairs.push(("DATABASE_URL".to_owned(), database.to_owned()));
    pairs.push(("KAFKA_BROKERS".to_owned(), NOBODY.to_owned()));
    pairs.push(("DB_CONNECTIONS_MAX".to_owned(), "4".to_owned()));
    pairs.extend(
        own.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    Env::from_pairs(pairs)
}
