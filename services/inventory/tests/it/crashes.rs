//! `kill -9` of the real binary at each of its own crash points: whoever asks again finds one effect.

use std::{net::SocketAddr, os::unix::process::ExitStatusExt as _, process::Stdio};

use chassis::testing::{self, TestDb, auth::TestAuth, wait_for};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::support::{LIMIT, NO_KAFKA, assert_books_balance};

struct Lab {
    db: TestDb,
    auth: TestAuth,
    http: SocketAddr,
    admin: SocketAddr,
    client: Client,
}

impl Lab {
    async fn new() -> Self {
        Self {
            db: testing::database(&inventory::store::MIGRATOR).await,
            auth: TestAuth::start().await,
            http: free_addr(),
            admin: free_addr(),
            client: Client::new(),
        }
    }

    /// Starts the binary and waits until it is ready.
    async fn start(&self, hold_ms: &str) -> Child {
        let child = Command::new(env!("CARGO_BIN_EXE_inventory"))
            .envs(self.auth.env())
            .env("DATABASE_URL", &self.db.url)
            .env("KAFKA_BROKERS", NO_KAFKA)
            .env("SERVICE_HTTP_ADDR", self.http.to_string())
            .env("SERVICE_ADMIN_ADDR", self.admin.to_string())
            .env("CRASH_POINTS_ENABLED", "true")
            .env("RESERVATION_HOLD_MS", hold_ms)
            .env("EXPIRY_SWEEP_MS", "20")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let ready = format!("http://{}/ready", self.admin);
        wait_for(LIMIT, async || {
            self.client
                .get(&ready)
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        child
    }

    async fn arm(&self, point: &str) {
        let url = format!("http://{}/crash-points/{point}", self.admin);
        let armed = self
            .client
            .put(url)
            .json(&json!({ "hit": 1 }))
            .send()
            .await
            .unwrap();
        assert_eq!(armed.status(), 204, "{point}");
    }

    async fn points(&self) -> Vec<String> {
        let url = format!("http://{}/crash-points", self.admin);
        let list: Vec<Value> = self
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        list.iter()
            .map(|point| point["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The status of the answer; none if the service died before it gave one.
    async fn reserve(&self, order: Uuid, product: Uuid) -> Option<StatusCode> {
        let url = format!("http://{}/api/v1/inventory/reservations/{order}", self.http);
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
            self.http
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

fn free_addr() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

async fn dies(mut child: Child) {
    let status = tokio::time::timeout(LIMIT, child.wait())
        .await
        .expect("it dies in time")
        .unwrap();
    assert_eq!(status.signal(), Some(9), "{status}");
}

const MINUTES: &str = "900000";

#[tokio::test]
async fn a_reserve_whose_answer_was_lost_is_found_again() {
    let lab = Lab::new().await;
    let (product, order) = (lab.product(5).await, Uuid::now_v7());
    let child = lab.start(MINUTES).await;
    lab.arm("inventory.reserve.after_commit_before_answer")
        .await;
    assert_eq!(lab.reserve(order, product).await, None);
    dies(child).await;

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
        lab.arm("inventory.settle.after_commit_before_answer").await;
        assert_eq!(lab.settle(order, how).await, None);
        dies(child).await;

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
    lab.arm("inventory.expire.before_commit").await;
    dies(child).await;
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
    assert_eq!(lab.points().await, ours);
}
