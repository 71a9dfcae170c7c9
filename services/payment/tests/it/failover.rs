//! The other provider is tried only when the first certainly did nothing.

use chassis::testing::wait_for;
use serde_json::json;
use uuid::Uuid;

use crate::support::{LIMIT, Shop, ledger::Moved, wire::Mode};

#[tokio::test]
async fn a_provider_that_refuses_connections_is_left_for_the_other() {
    let shop = Shop::open().await;
    for (preferred, other, wire) in [
        ("stripe", "paypal", &shop.stripe),
        ("paypal", "stripe", &shop.paypal),
    ] {
        wire.set(Mode::Refused).await;
        let order = Uuid::now_v7();
        let paid = shop
            .pay_by(order, json!({ "token": "tok_visa", "provider": preferred }))
            .await;
        assert_eq!(paid.state(), (201, "captured"), "{paid:?}");
        assert_eq!(paid.body["provider"], other);
        let labels = [("from", preferred), ("to", other)];
        let counted = shop.metric("payment_provider_failovers_total", &labels);
        assert!((counted - 1.0).abs() < f64::EPSILON, "{counted}");
        let attempts: Vec<(String, String)> = sqlx::query_as(
            "SELECT provider, state FROM payment_attempts WHERE payment_id = $1 ORDER BY created_at",
        )
        .bind(paid.id())
        .fetch_all(shop.pool())
        .await
        .unwrap();
        let pair = |provider: &str, state: &str| (provider.to_owned(), state.to_owned());
        assert_eq!(
            attempts,
            [pair(preferred, "not_processed"), pair(other, "captured")]
        );
        // A refund goes where the money is.
        let refund = shop.refund(paid.id(), None, "r").await;
        assert_eq!(refund.state(), (201, "succeeded"), "{refund:?}");
        wire.set(Mode::Whole).await;
    }
    shop.close().await;
}

#[tokio::test]
async fn when_no_provider_can_be_reached_the_payment_waits_for_either() {
    let shop = Shop::open().await;
    shop.stripe.set(Mode::Refused).await;
    shop.paypal.set(Mode::Refused).await;
    let order = Uuid::now_v7();
    let asked = shop.pay(order, "tok_visa").await;
    assert_eq!(asked.state(), (202, "pending"));
    shop.paypal.set(Mode::Whole).await;
    let settled = shop.becomes(order, "captured").await;
    assert_eq!(settled.body["provider"], "paypal");
    let once = Moved {
        charges: 1,
        captured: 1999,
        ..Moved::default()
    };
    assert_eq!(shop.ledger.of(order).await, once);
    shop.close().await;
}

#[tokio::test]
async fn an_open_breaker_lets_new_payments_go_to_the_other_provider() {
    let shop = Shop::open_with(&[("PAYMENT_CALL_TRIES_MAX", "1")]).await;
    shop.stripe.set(Mode::LosesAnswers).await;
    let open = || {
        shop.metric(
            "resilience4j_circuitbreaker_state",
            &[("name", "payment->stripe"), ("state", "open")],
        )
    };
    let mut lost = Vec::new();
    wait_for(LIMIT, async || {
        lost.push(Uuid::now_v7());
        shop.pay(*lost.last().unwrap(), "tok_visa").await;
        open() > 0.0
    })
    .await;
    let order = Uuid::now_v7();
    let paid = shop.pay(order, "tok_visa").await;
    assert_eq!(paid.state(), (201, "captured"), "{paid:?}");
    assert_eq!(paid.body["provider"], "paypal");
    // Those that were sent before wait for their own provider.
    shop.stripe.set(Mode::Whole).await;
    for order in lost {
        wait_for(LIMIT, async || {
            shop.of_order(order).await.body["status"] == "captured"
        })
        .await;
    }
    shop.close().await;
}

#[tokio::test]
async fn a_wrong_api_key_is_a_refusal_at_the_door() {
    let shop = Shop::open_with(&[("PSP_API_KEY", "sk_wrong")]).await;
    let order = Uuid::now_v7();
    let asked = shop.pay(order, "tok_visa").await;
    assert_eq!(asked.state(), (202, "pending"), "{asked:?}");
    assert_eq!(shop.void(order).await.state(), (200, "voided"));
    assert_eq!(shop.ledger.of(order).await, Moved::default());
    shop.close().await;
}
