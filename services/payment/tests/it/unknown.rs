//! Unknown is not failed: what was lost is found out, however long that takes.

use std::time::Duration;

use chassis::testing::wait_for;
use serde_json::json;
use uuid::Uuid;

use crate::support::{LIMIT, PATIENT, Shop, ledger::Moved, wire::Mode};

const CAPTURED: Moved = Moved {
    charges: 1,
    captured: 1999,
    refunds: 0,
    refunded: 0,
};

/// The request gives up after its first try, so that the reconciler has something to do.
const ONE_TRY: (&str, &str) = ("PAYMENT_CALL_TRIES_MAX", "1");

#[tokio::test]
async fn a_lost_answer_leaves_the_payment_pending_until_the_reconciler_has_asked() {
    let shop = Shop::open_with(&[ONE_TRY, ("PAYMENT_CHECK_BASE_MS", "1000")]).await;
    for (provider, wire) in [("stripe", &shop.stripe), ("paypal", &shop.paypal)] {
        let order = Uuid::now_v7();
        // Without this, PayPal's access token would be what is lost.
        shop.pay_by(
            Uuid::now_v7(),
            json!({ "token": "tok_visa", "provider": provider }),
        )
        .await;
        wire.set(Mode::LosesAnswers).await;
        let asked = shop
            .pay_by(order, json!({ "token": "tok_visa", "provider": provider }))
            .await;
        assert_eq!(asked.state(), (202, "pending"), "{provider}: {asked:?}");
        assert_eq!(shop.event_types(asked.id()).await, ["PaymentCreated"]);
        wire.set(Mode::Whole).await;
        let settled = shop.becomes(order, "captured").await;
        assert_eq!(settled.body["provider"], provider);
        assert_eq!(shop.ledger.of(order).await, CAPTURED, "{provider}");
        let events = shop.event_types(asked.id()).await;
        assert_eq!(events, ["PaymentCreated", "PaymentCompleted"]);
    }
    assert!(shop.metric("payment_reconciler_checks_total", &[("outcome", "settled")]) >= 2.0);
    shop.close().await;
}

#[tokio::test]
async fn the_request_itself_finds_what_its_first_try_lost() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    shop.stripe.lose_answers(1).await;
    assert_eq!(shop.pay(order, "tok_visa").await.state(), (201, "captured"));
    assert_eq!(shop.ledger.of(order).await, CAPTURED);
    shop.close().await;
}

#[tokio::test]
async fn a_question_that_was_lost_is_asked_again_and_answered() {
    let shop = Shop::open_with(&[ONE_TRY]).await;
    for (token, status) in [("tok_visa", "captured"), ("tok_chargeDeclined", "declined")] {
        let order = Uuid::now_v7();
        shop.stripe.set(Mode::LosesQuestions).await;
        assert_eq!(shop.pay(order, token).await.state(), (202, "pending"));
        assert_eq!(shop.ledger.of(order).await, Moved::default());
        shop.stripe.set(Mode::Whole).await;
        shop.becomes(order, status).await;
    }
    shop.close().await;
}

#[tokio::test]
async fn there_is_no_failover_after_a_call_that_may_have_been_processed() {
    let shop = Shop::open_with(&[ONE_TRY]).await;
    for mode in [Mode::LosesQuestions, Mode::LosesAnswers] {
        let order = Uuid::now_v7();
        shop.stripe.set(mode).await;
        assert_eq!(
            shop.pay(order, "tok_visa").await.state(),
            (202, "pending"),
            "{mode:?}"
        );
        // Now nobody opens at all, so the next calls certainly do nothing; but the first one may have.
        shop.stripe.set(Mode::Refused).await;
        let before = shop.metric("payment_calls_total", &[("outcome", "not_processed")]);
        wait_for(LIMIT, async || {
            shop.metric("payment_calls_total", &[("outcome", "not_processed")]) >= before + 3.0
        })
        .await;
        assert_eq!(
            shop.of_order(order).await.state(),
            (200, "pending"),
            "{mode:?}"
        );
        shop.stripe.set(Mode::Whole).await;
        let settled = shop.becomes(order, "captured").await;
        assert_eq!(settled.body["provider"], "stripe");
        assert_eq!(shop.ledger.of(order).await, CAPTURED, "{mode:?}");
        assert_eq!(shop.ledger.intents(order, "paypal").await, 0, "{mode:?}");
    }
    let failovers = shop.metric("payment_provider_failovers_total", &[]);
    assert!(failovers.abs() < f64::EPSILON, "{failovers}");
    shop.close().await;
}

#[tokio::test]
async fn confirming_settles_a_pending_payment_at_once() {
    let shop = Shop::open_with(&PATIENT).await;
    let order = Uuid::now_v7();
    shop.stripe.set(Mode::LosesAnswers).await;
    let asked = shop.pay(order, "tok_visa").await;
    let still = shop.confirm(asked.id()).await;
    assert_eq!(still.state(), (202, "pending"));
    shop.stripe.set(Mode::Whole).await;
    assert_eq!(shop.confirm(asked.id()).await.state(), (200, "captured"));
    shop.close().await;
}

#[tokio::test]
async fn two_instances_settle_each_payment_once() {
    // Nobody looks until the provider is whole again: their failing looks would open the breaker, and new payments
    // would rightly go to the other provider.
    let shop = Shop::open_with(&PATIENT).await;
    let second = shop.second_instance(&PATIENT).await;
    shop.stripe.set(Mode::LosesAnswers).await;
    let orders: Vec<_> = (0..8).map(|_| Uuid::now_v7()).collect();
    for &order in &orders {
        assert_eq!(shop.pay(order, "tok_visa").await.state(), (202, "pending"));
    }
    shop.stripe.set(Mode::Whole).await;
    // All are due at once, for both.
    sqlx::query("UPDATE payments SET next_check_at = now()")
        .execute(shop.pool())
        .await
        .unwrap();
    for &order in &orders {
        let settled = shop.becomes(order, "captured").await;
        assert_eq!(settled.body["provider"], "stripe");
        assert_eq!(shop.ledger.of(order).await, CAPTURED);
        assert_eq!(shop.event_types(settled.id()).await.len(), 2);
    }
    second.stop().await;
    shop.close().await;
}

#[tokio::test]
async fn the_work_goes_on_when_the_client_leaves() {
    let shop = Shop::open_with(&[("PAYMENT_LEASE_MS", "600000")]).await;
    let order = Uuid::now_v7();
    let body = crate::support::asked(order, json!({ "token": "tok_visa_captureThenHang" }));
    let left = shop
        .asking(order, &body)
        .timeout(Duration::from_millis(100))
        .send()
        .await;
    assert!(left.unwrap_err().is_timeout());
    shop.becomes(order, "captured").await;
    shop.close().await;
}
