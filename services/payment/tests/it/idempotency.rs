//! The same request twice has one effect and one answer.

use std::sync::Arc;

use chassis::testing::wait_for;
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::support::{LIMIT, Shop, asked, ledger::Moved, send, wire::Mode};

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer_marked_as_replayed() {
    let shop = Shop::open().await;
    for token in ["tok_visa", "tok_chargeDeclined"] {
        let order = Uuid::now_v7();
        let first = shop.pay(order, token).await;
        assert!(!first.replayed);
        let mut body = asked(order, json!({ "provider": null, "token": token }));
        body["unknown"] = json!("ignored");
        let second = send(shop.asking(order, &body)).await;
        assert!(second.replayed);
        assert_eq!((second.status, second.body), (first.status, first.body));
        assert!(shop.ledger.intents(order, "stripe").await == 1);
    }
    shop.close().await;
}

#[tokio::test]
async fn the_key_with_another_request_is_refused() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    shop.pay(order, "tok_visa").await;
    let mut dearer = asked(order, json!({ "token": "tok_visa" }));
    dearer["amount"]["amount"] = json!(2000);
    for body in [
        dearer,
        asked(order, json!({ "token": "tok_mastercard" })),
        asked(order, json!({ "token": "tok_visa", "provider": "paypal" })),
    ] {
        let refused = send(shop.asking(order, &body)).await;
        assert_eq!(refused.problem(), (422, "idempotency_key_reused"), "{body}");
    }
    shop.close().await;
}

#[tokio::test]
async fn an_order_is_charged_once_even_after_its_key_is_past_its_time() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let first = shop.pay(order, "tok_visa").await;
    let pruned = sqlx::query("DELETE FROM idempotency")
        .execute(shop.pool())
        .await
        .unwrap();
    assert_eq!(pruned.rows_affected(), 1);
    let again = shop.pay(order, "tok_visa").await;
    assert_eq!((again.state(), again.id()), ((201, "captured"), first.id()));
    assert_eq!(shop.ledger.of(order).await.charges, 1);
    let mut dearer = asked(order, json!({ "token": "tok_visa" }));
    dearer["amount"]["amount"] = json!(2000);
    let refused = send(shop.asking(order, &dearer)).await;
    assert_eq!(refused.problem(), (422, "idempotency_key_reused"));
    shop.close().await;
}

#[tokio::test]
async fn a_request_that_is_being_worked_on_is_not_begun_again() {
    let shop = Arc::new(Shop::open().await);
    let order = Uuid::now_v7();
    shop.stripe.set(Mode::LosesQuestions).await;
    let first = tokio::spawn({
        let shop = shop.clone();
        async move { shop.pay(order, "tok_visa").await }
    });
    wait_for(LIMIT, async || shop.of_order(order).await.status == 200).await;
    let second = shop.pay(order, "tok_visa").await;
    assert_eq!(second.problem(), (409, "idempotency_in_progress"));
    assert!(second.retry_after);
    assert_eq!(first.await.unwrap().state(), (202, "pending"));
    shop.stripe.set(Mode::Whole).await;
    shop.becomes(order, "captured").await;
    let third = shop.pay(order, "tok_visa").await;
    assert_eq!((third.state(), third.replayed), ((201, "captured"), true));
    Arc::into_inner(shop).unwrap().close().await;
}

#[tokio::test]
async fn many_equal_requests_at_once_charge_once() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let answers = join_all((0..20).map(|_| shop.pay(order, "tok_visa"))).await;
    for answer in &answers {
        let fine = answer.state() == (201, "captured")
            || answer.problem() == (409, "idempotency_in_progress");
        assert!(fine, "{answer:?}");
    }
    let fresh = answers
        .iter()
        .filter(|answer| answer.status == 201 && !answer.replayed);
    assert_eq!(fresh.count(), 1);
    let once = Moved {
        charges: 1,
        captured: 1999,
        ..Moved::default()
    };
    assert_eq!(shop.ledger.of(order).await, once);
    shop.close().await;
}

#[tokio::test]
async fn a_refund_is_made_once_for_a_key() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let payment = shop.pay(order, "tok_visa").await.id();
    let first = shop.refund(payment, Some(500), "r-1").await;
    let second = shop.refund(payment, Some(500), "r-1").await;
    assert_eq!((first.state(), first.replayed), ((201, "succeeded"), false));
    assert_eq!((second.body, second.replayed), (first.body, true));
    let other = shop.refund(payment, Some(501), "r-1").await;
    assert_eq!(other.problem(), (422, "idempotency_key_reused"));
    let at_once = join_all((0..10).map(|_| shop.refund(payment, Some(100), "r-2"))).await;
    assert!(
        at_once
            .iter()
            .all(|answer| matches!(answer.status.as_u16(), 201 | 409))
    );
    let moved = shop.ledger.of(order).await;
    assert_eq!((moved.refunds, moved.refunded), (2, 600));
    shop.close().await;
}
