//! Money back, never more than was taken.

use std::time::Duration;

use chassis::testing::wait_for;
use futures_util::future::join_all;
use reqwest::Method;

use super::support::{LIMIT, Psp};

#[tokio::test]
async fn a_charge_can_be_refunded_in_parts_and_no_further() {
    let psp = Psp::start().await;
    let paid = psp.charge("tok_visa", "1000", "o-1").await.ok();
    let intent = paid.text("/id");

    let form = [
        ("payment_intent", intent),
        ("amount", "400"),
        ("reason", "requested_by_customer"),
        ("metadata[why]", "broken"),
    ];
    let part = psp.post("/v1/refunds", &form).await.ok();
    assert!(part.text("/id").starts_with("re_"));
    assert_eq!(
        (part.number("/amount"), part.text("/status")),
        (400, "succeeded")
    );
    assert_eq!(part.text("/payment_intent"), intent);
    assert_eq!(part.text("/metadata/why"), "broken");
    let read = psp
        .get(&format!("/v1/refunds/{}", part.text("/id")))
        .await
        .ok();
    assert_eq!(read.body, part.body);

    let too_much = psp
        .post(
            "/v1/refunds",
            &[("payment_intent", intent), ("amount", "601")],
        )
        .await;
    assert_eq!(
        (too_much.status, too_much.text("/error/param")),
        (400, "amount")
    );
    let rest = psp
        .post("/v1/refunds", &[("charge", paid.text("/latest_charge"))])
        .await
        .ok();
    assert_eq!(rest.number("/amount"), 600);
    let again = psp.post("/v1/refunds", &[("payment_intent", intent)]).await;
    assert_eq!(
        (again.status, again.text("/error/code")),
        (400, "charge_already_refunded")
    );
    assert_eq!(psp.totals().await, [1000, 1000, 0, 1, 2]);
}

#[tokio::test]
async fn refunds_at_the_same_time_never_exceed_the_charge() {
    let psp = Psp::start().await;
    let paid = psp.charge("tok_visa", "1000", "o-1").await.ok();
    let form = [("payment_intent", paid.text("/id")), ("amount", "300")];
    let answers = join_all((0..20).map(|_| psp.post("/v1/refunds", &form))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        3
    );
    assert!(
        answers
            .iter()
            .all(|answer| [200, 400].contains(&answer.status))
    );
    assert_eq!(psp.totals().await, [1000, 900, 100, 1, 3]);
}

#[tokio::test]
async fn what_was_not_captured_cannot_be_refunded() {
    let psp = Psp::start().await;
    let declined = psp.charge("tok_chargeDeclined", "1000", "o-1").await;
    let intent = declined.text("/error/payment_intent/id");
    let refused = psp.post("/v1/refunds", &[("payment_intent", intent)]).await;
    assert_eq!(
        (refused.status, refused.text("/error/type")),
        (400, "invalid_request_error")
    );
    let unknown = "pi_0190a0b0c0d07000800000000000dead";
    let missing = psp
        .post("/v1/refunds", &[("payment_intent", unknown)])
        .await;
    assert_eq!(
        (missing.status, missing.text("/error/code")),
        (404, "resource_missing")
    );
    assert_eq!(psp.totals().await[4], 0);
}

#[tokio::test]
async fn a_refund_whose_client_left_is_made_once_and_told_to_who_repeats_it() {
    let psp = Psp::start_with(&[("PROCESSING_DELAY_MS", "1000")]).await;
    let paid = psp.charge("tok_visa", "1000", "o-1").await.ok();
    let form = [("payment_intent", paid.text("/id"))];
    let request = psp
        .stripe(Method::POST, "/v1/refunds")
        .header("idempotency-key", "r");
    let silence = request
        .form(&form)
        .timeout(Duration::from_millis(500))
        .send()
        .await;
    assert!(silence.unwrap_err().is_timeout());
    wait_for(LIMIT, async || psp.totals().await[4] == 1).await;
    assert!(
        psp.post_keyed("/v1/refunds", "r", &form)
            .await
            .ok()
            .replayed
    );
    assert_eq!(psp.totals().await, [1000, 1000, 0, 1, 1]);
}
