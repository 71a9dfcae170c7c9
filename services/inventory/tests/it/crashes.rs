//! `kill -9` of the real binary at each of its own crash points: whoever asks again finds one effect.

use chassis::testing::{self, Binary, TestDb, auth::TestAuth, dies, wait_for};
use reqwest::{Client, StatusCode};
use serde_json::json;
use tokio::process::Child;
use uuid::Uuid;

use crate::support::{LIMIT, NO_KAFKA, assert_books_balance};

struct Lab {
    db: TestDb,
    auth: TestAuth,
    binary: Binary,
    client: Client,
}

impl Lab {
    async fn new() -> Self {
        let db = testing::database(&inventory::store::MIGRATOR).await;
        let auth = TestAuth::start().await;
        let mut env = auth.env();
        env.push(("DATABASE_URL".to_owned(), db.url.clone()));
        env.push(("KAFKA_BROKERS".to_owned(), NO_KAFKA.to_owned()));
        Self {
            db,
            auth,
            binary: Binary::new(env!("CARGO_BIN_EXE_inventory"), env),
            client: Client::new(),
        }
    }

    async fn start(&self, hold_ms: &str) -> Child {
        let settings = [("RESERVATION_HOLD_MS", hold_ms), ("EXPIRY_SWEEP_MS", "20")];
        self.binary.start(&settings).await
    }

    /// The status of the answer; none if the service died before it gave one.
    async fn reserve(&self, order: Uuid, product: Uuid) -> Option<StatusCode> {
        let url = format!(
            "http://{}/api/v1/inventory/reservations/{order}",
            self.binary.http
        );
        let items = json!({ "items": [{ "product_id": product, "quantity": 2 }] });
        let request = self
            .client
            .put(url)
            .bearer_auth(self.auth.service_token("order"));
        request
            .json(&items)
            .send()
            .await
            .ok()
            .map(|answer| answer.status())
    }

    async fn settle(&self, order: Uuid, how: &str) -> Option<StatusCode> {
        let url = format!(
            "http://{}/api/v1/inventory/reservations/{order}/{how}",
            self.binary.http
        );
        let request = self
            .client
            .post(url)
            .bearer_auth(self.auth.service_token("order"));
        request.send().await.ok().map(|answer| answer.status())
    }

    async fn product(&self, quantity: i64) -> Uuid {
        let product = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO stock (product_id, received, available, restocks) VALUES ($1, $2, $2, 1)",
        )
        .bind(product)
        .bind(quantity)
        .execute(&self.db.pool)
        .await
        .unwrap();
        product
    }

    async fn level(&self, product: Uuid) -> (i64, i64, i64) {
        sqlx::query_as("SELECT available, reserved, sold FROM stock WHERE product_id = $1")
            .bind(product)
            .fetch_one(&self.db.pool)
            .await
            .unwrap()
    }
}

const MINUTES: &str = "900000";

#[tokio::test]
async fn a_reserve_whose_answer_was_lost_is_found_again() {
    let lab = Lab::new().await;
    let (product, order) = (lab.product(5).await, Uuid::now_v7());
    let child = lab.start(MINUTES).await;
    lab.binary
        .arm("inventory.reserve.after_commit_before_answer")
        .await;
    assert_eq!(lab.reserve(order, product).await, None);
    dies(child, "reserve").await;

    let _child = lab.start(MINUTES).await;
    assert_eq!(lab.reserve(order, product).await, Some(StatusCode::OK));
    assert_eq!(lab.level(product).await, (3, 2, 0));
    assert_books_balance(&lab.db.pool).await;
}

#[tokio::test]
async fn a_commit_and_a_release_whose_answers_were_lost_are_found_again() {
    for (how, level) in [("commit", (3, 0, 2)), ("release", (5, 0, 0))] {
        let lab = Lab::new().await;
        let (product, order) = (lab.product(5).await, Uuid::now_v7());
        let child = lab.start(MINUTES).await;
        assert_eq!(lab.reserve(order, product).await, Some(StatusCode::CREATED));
        lab.binary
            .arm("inventory.settle.after_commit_before_answer")
            .await;
        assert_eq!(lab.settle(order, how).await, None);
        dies(child, "settle").await;

        let _child = lab.start(MINUTES).await;
        assert_eq!(lab.settle(order, how).await, Some(StatusCode::OK));
        assert_eq!(lab.level(product).await, level);
        assert_books_balance(&lab.db.pool).await;
    }
}

#[tokio::test]
async fn an_expiry_that_was_not_committed_is_done_by_the_next_sweep() {
    let lab = Lab::new().await;
    let (product, order) = (lab.product(5).await, Uuid::now_v7());
    let child = lab.start("300").await;
    assert_eq!(lab.reserve(order, product).await, Some(StatusCode::CREATED));
    lab.binary.arm("inventory.expire.before_commit").await;
    dies(child, "expire").await;
    assert_eq!(lab.level(product).await, (3, 2, 0));

    let _child = lab.start("300").await;
    wait_for(LIMIT, async || lab.level(product).await == (5, 0, 0)).await;
    assert_books_balance(&lab.db.pool).await;
}

/// A new point in the code must get its test above.
#[tokio::test]
async fn every_crash_point_is_known_to_these_tests_or_to_the_chassis() {
    let lab = Lab::new().await;
    let _child = lab.start(MINUTES).await;
    let ours = [
        "inventory.expire.before_commit",
        "inventory.orders.after_apply_before_commit",
        "inventory.orders.after_commit_before_offset",
        "inventory.products.after_apply_before_commit",
        "inventory.products.after_commit_before_offset",
        "inventory.reserve.after_commit_before_answer",
        "inventory.settle.after_commit_before_answer",
        "relay.after_publish_before_mark",
    ];
    assert_eq!(lab.binary.crash_points().await, ours);
}
