//! `kill -9` of the real binary at each of its own crash points: afterwards every payment and refund comes to its end,
//! the provider has charged and refunded once, and the books balance.

use std::time::{Duration, Instant};

use chassis::{
    service::Running,
    testing::{self, Binary, TestDb, auth::TestAuth, dies, wait_for},
};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::json;
use tokio::process::Child;
use uuid::Uuid;

use crate::support::{LIMIT, asked, assert_books_balance, environment, ledger::Ledger, start_psp};

/// How soon everything must be settled after a restart.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

struct Lab {
    db: TestDb,
    auth: TestAuth,
    psp: Running,
    ledger: Ledger,
    binary: Binary,
    client: Client,
}

impl Lab {
    async fn new() -> Self {
        let psp_db = testing::database(&psp::MIGRATOR).await;
        let db = testing::database(&payment::store::MIGRATOR).await;
        let auth = TestAuth::start().await;
        let psp = start_psp(&psp_db, &[]).await;
        let mut env = environment(&auth, &db, &psp.url(), &psp.url());
        // The lease is the real one: how soon a crash is made good depends on it.
        env.retain(|(name, _)| name != "PAYMENT_LEASE_MS");
        Self {
            db,
            auth,
            psp,
            ledger: Ledger::new(psp_db),
            binary: Binary::new(env!("CARGO_BIN_EXE_payment"), env),
            client: Client::new(),
        }
    }

    async fn start(&self) -> Child {
        self.binary.start(&[]).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}/api/v1/payments{path}", self.binary.http);
        self.client
            .request(method, url)
            .bearer_auth(self.auth.service_token("order"))
    }

    fn pay(&self, order: Uuid) -> RequestBuilder {
        let body = asked(order, json!({ "token": "tok_visa" }));
        self.request(Method::POST, "")
            .header("idempotency-key", order.to_string())
            .json(&body)
    }

    fn void(&self, order: Uuid) -> RequestBuilder {
        self.request(Method::POST, &format!("/order/{order}/void"))
    }

    async fn refund(&self, order: Uuid) -> RequestBuilder {
        let payment: Uuid = sqlx::query_scalar("SELECT id FROM payments WHERE order_id = $1")
            .bind(order)
            .fetch_one(&self.db.pool)
            .await
            .unwrap();
        let request = self.request(Method::POST, &format!("/{payment}/refunds"));
        request
            .header("idempotency-key", "r")
            .json(&json!({ "reason": "it broke" }))
    }

    async fn status(&self, order: Uuid) -> Option<String> {
        sqlx::query_scalar("SELECT status FROM payments WHERE order_id = $1")
            .bind(order)
            .fetch_optional(&self.db.pool)
            .await
            .unwrap()
    }

    /// Restarts, and sees the payment come to its end without anybody asking for it.
    async fn recovers(&self, order: Uuid, status: &str, point: &str) {
        let _child = self.start().await;
        let started = Instant::now();
        wait_for(LIMIT, async || {
            self.status(order).await.as_deref() == Some(status)
        })
        .await;
        assert!(
            started.elapsed() < SETTLED_WITHIN,
            "{point}: {:?}",
            started.elapsed()
        );
        assert_books_balance(&self.db.pool, &self.ledger).await;
    }
}

async fn dies_during(request: RequestBuilder, child: Child, point: &str) {
    assert!(
        request.send().await.is_err(),
        "{point}: no answer can come from a dead process"
    );
    dies(child, point).await;
}

#[tokio::test]
async fn a_crash_around_the_charge_ends_with_one_charge() {
    for (point, charged) in [
        ("payment.process.before_call", 0),
        ("payment.process.after_call_before_record", 1),
    ] {
        let lab = Lab::new().await;
        let order = Uuid::now_v7();
        let child = lab.start().await;
        lab.binary.arm(point).await;
        dies_during(lab.pay(order), child, point).await;
        assert_eq!(lab.ledger.of(order).await.charges, charged, "{point}");
        assert_eq!(
            lab.status(order).await.as_deref(),
            Some("pending"),
            "{point}"
        );
        lab.recovers(order, "captured", point).await;
        assert_eq!(lab.ledger.of(order).await.charges, 1, "{point}");
        lab.psp.stop().await;
    }
}

#[tokio::test]
async fn a_crash_around_a_refund_ends_with_one_refund() {
    for (point, refunded) in [
        ("payment.refund.before_call", 0),
        ("payment.refund.after_call_before_record", 1),
    ] {
        let lab = Lab::new().await;
        let order = Uuid::now_v7();
        let child = lab.start().await;
        assert_eq!(lab.pay(order).send().await.unwrap().status(), 201);
        lab.binary.arm(point).await;
        dies_during(lab.refund(order).await, child, point).await;
        assert_eq!(lab.ledger.of(order).await.refunds, refunded, "{point}");
        lab.recovers(order, "refunded", point).await;
        assert_eq!(lab.ledger.of(order).await.refunds, 1, "{point}");
        lab.psp.stop().await;
    }
}

#[tokio::test]
async fn a_crash_during_a_void_ends_with_everything_refunded_once() {
    for (point, refunded) in [
        ("payment.void.before_call", 0),
        ("payment.void.after_call_before_record", 1),
    ] {
        let lab = Lab::new().await;
        let order = Uuid::now_v7();
        let child = lab.start().await;
        assert_eq!(lab.pay(order).send().await.unwrap().status(), 201);
        lab.binary.arm(point).await;
        dies_during(lab.void(order), child, point).await;
        assert_eq!(lab.ledger.of(order).await.refunds, refunded, "{point}");
        lab.recovers(order, "refunded", point).await;
        assert_eq!(lab.ledger.of(order).await.refunds, 1, "{point}");
        lab.psp.stop().await;
    }
}

#[tokio::test]
async fn a_void_after_a_crash_around_the_charge_ends_with_nothing_captured() {
    for point in [
        "payment.process.before_call",
        "payment.process.after_call_before_record",
    ] {
        let lab = Lab::new().await;
        let order = Uuid::now_v7();
        let child = lab.start().await;
        lab.binary.arm(point).await;
        dies_during(lab.pay(order), child, point).await;
        let _child = lab.start().await;
        let voided = lab.void(order).send().await.unwrap();
        assert_eq!(voided.status(), 200, "{point}");
        assert!(lab.ledger.of(order).await.nothing_stays(), "{point}");
        assert_books_balance(&lab.db.pool, &lab.ledger).await;
        lab.psp.stop().await;
    }
}

/// A new point in the code must get its test above.
#[tokio::test]
async fn every_crash_point_is_known_to_these_tests_or_to_the_chassis() {
    let lab = Lab::new().await;
    let _child = lab.start().await;
    let ours = [
        "payment.process.after_call_before_record",
        "payment.process.before_call",
        "payment.refund.after_call_before_record",
        "payment.refund.before_call",
        "payment.void.after_call_before_record",
        "payment.void.before_call",
        "relay.after_publish_before_mark",
    ];
    assert_eq!(lab.binary.crash_points().await, ours);
    lab.psp.stop().await;
}
