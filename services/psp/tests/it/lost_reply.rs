//! The two tokens whose answer never comes.

use chassis::testing::wait_for;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;
use tokio::task::JoinHandle;

use super::support::{LIMIT, Psp, charge_form};

const PATH: &str = "/v1/payment_intents";

/// A request that nobody answers.
struct Hanging(JoinHandle<reqwest::Result<Response>>);

impl Hanging {
    /// Sends it and waits until it was carried out.
    async fn send(psp: &Psp, request: RequestBuilder) -> Self {
        let hanging = Self(tokio::spawn(request.send()));
        wait_for(LIMIT, async || answers_kept(psp).await == 1).await;
        hanging
    }

    /// A charge under a key, both named as the token.
    async fn charge(psp: &Psp, token: &str) -> Self {
        let request = psp
            .stripe(Method::POST, PATH)
            .header("idempotency-key", token);
        Self::send(psp, request.form(&charge_form(token, "1999", token))).await
    }

    #[track_caller]
    fn expect_unanswered(self) {
        assert!(!self.0.is_finished(), "answered");
        self.0.abort();
    }
}

async fn answers_kept(psp: &Psp) -> i64 {
    let kept = sqlx::query_scalar("SELECT count(*) FROM answers")
        .fetch_one(&psp.db.pool)
        .await;
    kept.expect("the database answers")
}

#[tokio::test]
async fn capture_then_hang_has_captured_and_says_so_when_asked() {
    let psp = Psp::start().await;
    let token = "tok_visa_captureThenHang";
    let hanging = Hanging::charge(&psp, token).await;

    let query = format!("metadata['order_id']:'{token}'");
    let found = psp
        .get(&format!("/v1/payment_intents/search?query={query}"))
        .await
        .ok();
    assert_eq!(found.text("/data/0/status"), "succeeded");
    let read = psp
        .get(&format!("{PATH}/{}", found.text("/data/0/id")))
        .await
        .ok();
    assert_eq!(read.number("/amount_received"), 1999);

    let repeat = psp
        .post_keyed(PATH, token, &charge_form(token, "1999", token))
        .await
        .ok();
    assert_eq!(
        (repeat.replayed, repeat.text("/id")),
        (true, read.text("/id"))
    );
    assert_eq!(psp.totals().await, [1999, 0, 1999, 1, 0]);
    hanging.expect_unanswered();
}

#[tokio::test]
async fn hang_then_nothing_has_captured_nothing_and_says_so_when_asked() {
    let psp = Psp::start().await;
    let token = "tok_visa_hangThenNothing";
    let hanging = Hanging::charge(&psp, token).await;
    let repeat = psp
        .post_keyed(PATH, token, &charge_form(token, "1999", token))
        .await;
    assert_eq!((repeat.status, repeat.replayed), (402, true));
    assert_eq!(repeat.text("/error/decline_code"), "processing_error");
    assert_eq!(
        repeat.text("/error/payment_intent/status"),
        "requires_payment_method"
    );
    assert_eq!(psp.totals().await, [0, 0, 0, 0, 0]);
    hanging.expect_unanswered();
}

#[tokio::test]
async fn a_hanging_request_is_cut_off_at_its_limit_without_saying_what_happened() {
    let psp = Psp::start_with(&[("HANG_MS", "100")]).await;
    let answer = psp.charge("tok_visa_captureThenHang", "1999", "o").await;
    assert_eq!(
        (answer.status, answer.text("/error/type")),
        (504, "api_error")
    );
    assert_eq!(psp.totals().await[3], 1);
}

#[tokio::test]
async fn a_hanging_request_does_not_keep_the_service_from_stopping() {
    let psp = Psp::start().await;
    let form = charge_form("tok_visa_captureThenHang", "1999", "o");
    let hanging = tokio::spawn(psp.stripe(Method::POST, PATH).form(&form).send());
    wait_for(LIMIT, async || psp.totals().await[3] == 1).await;
    assert!(psp.stop().await, "stopped in time");
    let answer = hanging.await.unwrap();
    assert!(answer.is_err() || answer.unwrap().status() == 504);
}

#[tokio::test]
async fn a_paypal_capture_can_be_lost_as_well() {
    let psp = Psp::start().await;
    let paypal = super::paypal::Paypal::of(&psp).await;
    let token = json!({"payment_source": {"token": {"id": "tok_visa_captureThenHang"}}});
    let order = paypal.order("19.99", "o-1").await.ok();
    let path = format!("/v2/checkout/orders/{}/capture", order.text("/id"));
    let request = paypal
        .request(Method::POST, &path)
        .header("paypal-request-id", "c");
    let hanging = Hanging::send(&psp, request.json(&token)).await;
    let read = paypal
        .get(&format!("/v2/checkout/orders/{}", order.text("/id")))
        .await
        .ok();
    assert_eq!(read.text("/status"), "COMPLETED");
    let repeat = paypal.post(&path, Some("c"), &token).await.ok();
    assert_eq!(repeat.text("/status"), "COMPLETED");
    assert_eq!(psp.totals().await, [1999, 0, 1999, 1, 0]);
    hanging.expect_unanswered();
}
