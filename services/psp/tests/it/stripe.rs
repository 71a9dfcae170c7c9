//! Payment intents from creation to each end.

use reqwest::Method;
use serde_json::json;

use super::support::{Psp, send};

#[tokio::test]
async fn a_good_card_is_charged_in_one_request() {
    let psp = Psp::start().await;
    for token in ["tok_visa", "tok_mastercard"] {
        let intent = psp.charge(token, "1999", "order-1").await.ok();
        assert!(intent.text("/id").starts_with("pi_"));
        assert!(intent.text("/latest_charge").starts_with("ch_"));
        assert_eq!(intent.text("/status"), "succeeded");
        assert_eq!(intent.number("/amount_received"), 1999);
        assert_eq!(intent.text("/currency"), "eur");
        assert_eq!(intent.text("/metadata/order_id"), "order-1");
        assert_eq!(intent.body["livemode"], json!(false));
        let read = psp
            .get(&format!("/v1/payment_intents/{}", intent.text("/id")))
            .await
            .ok();
        assert_eq!(read.body, intent.body);
    }
    assert_eq!(psp.totals().await, [3998, 0, 3998, 2, 0]);
}

#[tokio::test]
async fn each_declining_token_has_its_code_and_takes_nothing() {
    let psp = Psp::start().await;
    for (token, code, decline_code) in [
        ("tok_chargeDeclined", "card_declined", "generic_decline"),
        (
            "tok_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
        ),
        (
            "tok_insufficientFunds",
            "card_declined",
            "insufficient_funds",
        ),
        (
            "tok_chargeDeclinedExpiredCard",
            "expired_card",
            "expired_card",
        ),
    ] {
        let declined = psp.charge(token, "500", "order-1").await;
        assert_eq!(declined.status, 402);
        assert_eq!(declined.text("/error/type"), "card_error");
        assert_eq!(declined.text("/error/code"), code);
        assert_eq!(declined.text("/error/decline_code"), decline_code);
        assert_eq!(
            declined.text("/error/payment_intent/status"),
            "requires_payment_method"
        );
        let id = declined.text("/error/payment_intent/id");
        let read = psp.get(&format!("/v1/payment_intents/{id}")).await.ok();
        assert_eq!(read.text("/last_payment_error/decline_code"), decline_code);
    }
    assert_eq!(psp.totals().await, [0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_declined_intent_can_be_confirmed_with_another_card() {
    let psp = Psp::start().await;
    let declined = psp.charge("tok_chargeDeclined", "500", "o").await;
    let path = format!(
        "/v1/payment_intents/{}",
        declined.text("/error/payment_intent/id")
    );
    let again = psp.post(&format!("{path}/confirm"), &[]).await;
    assert_eq!(
        (again.status, again.text("/error/param")),
        (400, "payment_method")
    );
    let form = [
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][token]", "tok_visa"),
    ];
    let paid = psp.post(&format!("{path}/confirm"), &form).await.ok();
    assert_eq!(paid.text("/status"), "succeeded");
    assert!(paid.body["last_payment_error"].is_null());
}

#[tokio::test]
async fn an_intent_walks_through_its_states_and_refuses_what_they_do_not_allow() {
    let psp = Psp::start().await;
    let form = [
        ("amount", "1000"),
        ("currency", "EUR"),
        ("capture_method", "manual"),
    ];
    let intent = psp.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(intent.text("/status"), "requires_payment_method");
    let path = format!("/v1/payment_intents/{}", intent.text("/id"));

    let early = psp.post(&format!("{path}/capture"), &[]).await;
    assert_eq!(early.text("/error/code"), "payment_intent_unexpected_state");
    assert_eq!(
        early.text("/error/payment_intent/status"),
        "requires_payment_method"
    );

    let held = psp
        .post(
            &format!("{path}/confirm"),
            &[("payment_method", "tok_visa")],
        )
        .await
        .ok();
    assert_eq!(
        (held.text("/status"), held.number("/amount_capturable")),
        ("requires_capture", 1000)
    );
    assert_eq!(psp.totals().await[3], 0);

    let too_much = psp
        .post(&format!("{path}/capture"), &[("amount_to_capture", "1001")])
        .await;
    assert_eq!(
        (too_much.status, too_much.text("/error/param")),
        (400, "amount_to_capture")
    );
    let part = psp
        .post(&format!("{path}/capture"), &[("amount_to_capture", "700")])
        .await
        .ok();
    assert_eq!(
        (part.text("/status"), part.number("/amount_received")),
        ("succeeded", 700)
    );
    for action in ["capture", "confirm", "cancel"] {
        let late = psp.post(&format!("{path}/{action}"), &[]).await;
        assert_eq!(
            late.text("/error/code"),
            "payment_intent_unexpected_state",
            "{action}"
        );
    }
    assert_eq!(psp.totals().await, [700, 0, 700, 1, 0]);
}

#[tokio::test]
async fn a_canceled_intent_cannot_be_charged() {
    let psp = Psp::start().await;
    let form = [
        ("amount", "1000"),
        ("currency", "eur"),
        ("payment_method", "tok_visa"),
    ];
    let intent = psp.post("/v1/payment_intents", &form).await.ok();
    assert_eq!(intent.text("/status"), "requires_confirmation");
    let path = format!("/v1/payment_intents/{}", intent.text("/id"));
    let reason = [("cancellation_reason", "abandoned")];
    let canceled = psp.post(&format!("{path}/cancel"), &reason).await.ok();
    assert_eq!(canceled.text("/status"), "canceled");
    assert_eq!(canceled.text("/cancellation_reason"), "abandoned");
    assert!(canceled.number("/canceled_at") > 0);
    let late = psp.post(&format!("{path}/confirm"), &[]).await;
    assert_eq!(
        (late.status, late.text("/error/code")),
        (400, "payment_intent_unexpected_state")
    );
    assert_eq!(psp.totals().await[3], 0);
}

#[tokio::test]
async fn json_bodies_are_taken_as_well() {
    let psp = Psp::start().await;
    let body = json!({
        "amount": 1234, "currency": "usd", "confirm": true, "payment_method": "tok_visa",
        "metadata": {"order_id": "o-9"}, "unknown": [1, {"two": 3}],
    });
    let intent = send(psp.stripe(Method::POST, "/v1/payment_intents").json(&body))
        .await
        .ok();
    assert_eq!(
        (intent.number("/amount_received"), intent.text("/currency")),
        (1234, "usd")
    );
}

#[tokio::test]
async fn confirmations_at_the_same_time_capture_once() {
    let psp = Psp::start().await;
    let form = [
        ("amount", "1000"),
        ("currency", "eur"),
        ("payment_method", "tok_visa"),
    ];
    let intent = psp.post("/v1/payment_intents", &form).await.ok();
    let path = format!("/v1/payment_intents/{}/confirm", intent.text("/id"));
    let answers = futures_util::future::join_all((0..20).map(|_| psp.post(&path, &[]))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    assert_eq!(psp.totals().await, [1000, 0, 1000, 1, 0]);
}
