//! Money on its way back: never more than was captured, each refund once.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::support::{LIMIT, Shop, send, wire::Mode};

#[tokio::test]
async fn a_payment_is_refunded_in_parts_and_not_beyond() {
    let shop = Shop::open().await;
    for provider in ["stripe", "paypal"] {
        let order = Uuid::now_v7();
        let paid = shop
            .pay_by(order, json!({ "token": "tok_visa", "provider": provider }))
            .await;
        let first = shop.refund(paid.id(), Some(500), "r-1").await;
        assert_eq!(first.state(), (201, "succeeded"), "{provider}: {first:?}");
        assert_eq!(
            first.body["amount"],
            json!({ "amount": 500, "currency": "EUR" })
        );
        assert_eq!(shop.of_order(order).await.state().1, "partially_refunded");
        let beyond = shop.refund(paid.id(), Some(1500), "r-2").await;
        assert_eq!(beyond.problem(), (422, "refund_exceeds_payment"));
        let rest = shop.refund(paid.id(), None, "r-3").await;
        assert_eq!(rest.body["amount"]["amount"], 1499);
        let end = shop.of_order(order).await;
        assert_eq!(end.state().1, "refunded");
        assert_eq!(end.body["refunded"]["amount"], 1999);
        let again = shop.refund(paid.id(), None, "r-4").await;
        assert_eq!(again.problem(), (422, "refund_exceeds_payment"));
        let moved = shop.ledger.of(order).await;
        assert_eq!((moved.refunds, moved.refunded), (2, 1999));
        let events = shop.events(paid.id()).await;
        let totals: Vec<_> = events[2..]
            .iter()
            .map(|(_, data)| {
                (
                    data["amount"]["amount"].as_i64(),
                    data["refunded_total"].as_i64(),
                )
            })
            .collect();
        assert_eq!(totals, [(Some(500), Some(500)), (Some(1499), Some(1999))]);
        let list = send(shop.as_order(Method::GET, &format!("/{}/refunds", paid.id()))).await;
        assert_eq!(list.body["items"].as_array().unwrap().len(), 2);
    }
    shop.close().await;
}

#[tokio::test]
async fn refunds_at_the_same_moment_never_exceed_what_was_captured() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let payment = shop.pay(order, "tok_visa").await.id();
    let keys: Vec<_> = (0..12).map(|n| format!("r-{n}")).collect();
    let answers = join_all(keys.iter().map(|key| shop.refund(payment, Some(300), key))).await;
    let made = answers
        .iter()
        .filter(|answer| answer.state() == (201, "succeeded"))
        .count();
    let refused = answers
        .iter()
        .filter(|answer| answer.problem() == (422, "refund_exceeds_payment"))
        .count();
    assert_eq!((made, refused), (6, 6), "{answers:?}");
    assert_eq!(shop.ledger.of(order).await.refunded, 1800);
    shop.close().await;
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_made_once_and_found_out() {
    let shop = Shop::open_with(&[("PAYMENT_CALL_TRIES_MAX", "1")]).await;
    for (provider, wire) in [("stripe", &shop.stripe), ("paypal", &shop.paypal)] {
        let order = Uuid::now_v7();
        let paid = shop
            .pay_by(order, json!({ "token": "tok_visa", "provider": provider }))
            .await;
        wire.set(Mode::LosesAnswers).await;
        let lost = shop.refund(paid.id(), Some(700), "r-1").await;
        assert_eq!(lost.state(), (202, "pending"), "{provider}: {lost:?}");
        let held = shop.refund(paid.id(), Some(1300), "r-2").await;
        assert_eq!(
            held.problem(),
            (422, "refund_exceeds_payment"),
            "its amount is set aside"
        );
        wire.set(Mode::Whole).await;
        shop.becomes(order, "partially_refunded").await;
        let moved = shop.ledger.of(order).await;
        assert_eq!((moved.refunds, moved.refunded), (1, 700), "{provider}");
        let again = shop.refund(paid.id(), Some(700), "r-1").await;
        assert_eq!((again.state(), again.replayed), ((201, "succeeded"), true));
    }
    shop.close().await;
}

#[tokio::test]
async fn a_refund_that_cannot_be_sent_is_made_when_the_provider_is_back() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let payment = shop.pay(order, "tok_visa").await.id();
    shop.stripe.set(Mode::Refused).await;
    assert_eq!(
        shop.refund(payment, None, "r").await.state(),
        (202, "pending")
    );
    shop.stripe.set(Mode::Whole).await;
    shop.becomes(order, "refunded").await;
    shop.close().await;
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_fails_and_its_amount_is_free_again() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let payment = shop.pay(order, "tok_visa").await.id();
    // Somebody gives the money back by hand, in the provider's own tools.
    let intent: String = sqlx::query_scalar(
        "SELECT provider_payment_id FROM payment_attempts WHERE payment_id = $1",
    )
    .bind(payment)
    .fetch_one(shop.pool())
    .await
    .unwrap();
    let by_hand = shop
        .client
        .post(format!("{}/v1/refunds", shop.stripe.url()))
        .bearer_auth(crate::support::API_KEY)
        .form(&[("payment_intent", intent.as_str()), ("amount", "1000")]);
    assert_eq!(send(by_hand).await.status, 200);
    let refused = shop.refund(payment, Some(1500), "r-1").await;
    assert_eq!(refused.state(), (201, "failed"), "{refused:?}");
    assert_eq!(refused.body["failure_code"], "amount_too_large");
    let rest = shop.refund(payment, Some(999), "r-2").await;
    assert_eq!(rest.state(), (201, "succeeded"), "{rest:?}");
    // The void of the rest can never be made; it stays visible and is never reported as done.
    assert_eq!(shop.void(order).await.status, 202);
    chassis::testing::wait_for(LIMIT, async || {
        shop.metric(
            "payment_anomalies_total",
            &[("kind", "void_refund_refused")],
        ) > 1.0
    })
    .await;
    assert_eq!(shop.of_order(order).await.state().1, "partially_refunded");
    assert!(shop.running.stop().await);
}

#[tokio::test]
async fn what_was_not_captured_cannot_be_refunded() {
    let shop = Shop::open().await;
    let declined = shop.pay(Uuid::now_v7(), "tok_chargeDeclined").await.id();
    let refund = shop.refund(declined, None, "r").await;
    assert_eq!(refund.problem(), (409, "payment_not_captured"));
    let nobodys = shop.refund(Uuid::now_v7(), None, "r").await;
    assert_eq!(nobodys.problem(), (404, "payment_not_found"));
    shop.close().await;
}
