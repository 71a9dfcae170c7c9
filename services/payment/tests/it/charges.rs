//! What each card does, at each provider.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Shop, ledger::Moved, send};

const CAPTURED: Moved = Moved {
    charges: 1,
    captured: 1999,
    refunds: 0,
    refunded: 0,
};

#[tokio::test]
async fn every_test_card_does_at_both_providers_what_its_name_says() {
    let shop = Shop::open().await;
    let cards = [
        ("stripe", "tok_visa", "captured", None),
        ("stripe", "tok_mastercard", "captured", None),
        (
            "stripe",
            "tok_chargeDeclined",
            "declined",
            Some("generic_decline"),
        ),
        (
            "stripe",
            "tok_insufficientFunds",
            "declined",
            Some("insufficient_funds"),
        ),
        (
            "stripe",
            "tok_chargeDeclinedInsufficientFunds",
            "declined",
            Some("insufficient_funds"),
        ),
        (
            "stripe",
            "tok_chargeDeclinedExpiredCard",
            "declined",
            Some("expired_card"),
        ),
        (
            "stripe",
            "tok_nobodyKnows",
            "declined",
            Some("resource_missing"),
        ),
        ("paypal", "tok_visa", "captured", None),
        (
            "paypal",
            "tok_insufficientFunds",
            "declined",
            Some("instrument_declined"),
        ),
        (
            "paypal",
            "tok_nobodyKnows",
            "declined",
            Some("token_id_not_found"),
        ),
    ];
    for (provider, token, status, code) in cards {
        let order = Uuid::now_v7();
        let paid = shop
            .pay_by(order, json!({ "token": token, "provider": provider }))
            .await;
        assert_eq!(paid.state(), (201, status), "{provider} {token}: {paid:?}");
        assert_eq!(
            paid.body["decline_code"].as_str(),
            code,
            "{provider} {token}"
        );
        assert_eq!(paid.body["provider"], provider, "{token}");
        let expected = if status == "captured" {
            CAPTURED
        } else {
            Moved::default()
        };
        assert_eq!(shop.ledger.of(order).await, expected, "{provider} {token}");
        let labels = [("provider", provider), ("outcome", status)];
        assert!(
            shop.metric("payments_processed_total", &labels) > 0.0,
            "{provider} {status}"
        );
    }
    shop.close().await;
}

#[tokio::test]
async fn a_capture_whose_answer_never_comes_is_found_by_repeating_the_call() {
    let shop = Shop::open().await;
    for provider in ["stripe", "paypal"] {
        let order = Uuid::now_v7();
        let method = json!({ "token": "tok_visa_captureThenHang", "provider": provider });
        let paid = shop.pay_by(order, method).await;
        assert_eq!(paid.state(), (201, "captured"), "{provider}: {paid:?}");
        assert_eq!(shop.ledger.of(order).await, CAPTURED, "{provider}");
        assert_eq!(
            paid.body["provider"], provider,
            "no failover after a call that was sent"
        );
    }
    shop.close().await;
}

#[tokio::test]
async fn a_call_that_hung_and_did_nothing_ends_as_declined() {
    let shop = Shop::open().await;
    for provider in ["stripe", "paypal"] {
        let order = Uuid::now_v7();
        let method = json!({ "token": "tok_visa_hangThenNothing", "provider": provider });
        let paid = shop.pay_by(order, method).await;
        assert_eq!(paid.state(), (201, "declined"), "{provider}: {paid:?}");
        assert_eq!(shop.ledger.of(order).await, Moved::default(), "{provider}");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_payment_is_read_back_and_its_events_tell_of_it() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let paid = shop.pay(order, "tok_visa").await;
    assert_eq!(shop.of_order(order).await.body, paid.body);
    let read = send(shop.as_order(Method::GET, &format!("/{}", paid.id()))).await;
    assert_eq!(read.body, paid.body);
    assert_eq!(
        paid.body["amount"],
        json!({ "amount": 1999, "currency": "EUR" })
    );
    assert_eq!(
        paid.body["refunded"],
        json!({ "amount": 0, "currency": "EUR" })
    );
    let events = shop.events(paid.id()).await;
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["PaymentCreated", "PaymentCompleted"]);
    for (_, data) in &events {
        assert_eq!(data["order_id"], json!(order));
        assert_eq!(data["amount"], json!({ "amount": 1999, "currency": "EUR" }));
        assert_eq!(data["provider"], "stripe");
        assert!(!data.to_string().contains("tok_"), "{data}");
    }
    let declined = shop.pay(Uuid::now_v7(), "tok_chargeDeclined").await;
    let events = shop.events(declined.id()).await;
    assert_eq!(events[1].0, "PaymentFailed");
    assert_eq!(events[1].1["decline_code"], "generic_decline");
    shop.close().await;
}

#[tokio::test]
async fn confirming_a_settled_payment_changes_nothing() {
    let shop = Shop::open().await;
    let paid = shop.pay(Uuid::now_v7(), "tok_visa").await;
    let confirmed = shop.confirm(paid.id()).await;
    assert_eq!(
        (confirmed.status.as_u16(), confirmed.body),
        (200, paid.body)
    );
    assert_eq!(
        shop.confirm(Uuid::now_v7()).await.problem(),
        (404, "payment_not_found")
    );
    shop.close().await;
}
