//! After a void nothing stays captured and nothing ever will be, whatever came before, at the same moment, or late.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, PATIENT, Shop, ledger::Moved, wire::Mode};

#[tokio::test]
async fn an_order_that_never_asked_for_money_is_closed_by_a_tombstone() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let voided = shop.void(order).await;
    assert_eq!(voided.state(), (200, "voided"));
    for member in ["user_id", "amount", "refunded", "provider"] {
        assert_eq!(voided.body[member], Value::Null, "{member}");
    }
    assert_eq!(
        shop.void(order).await.body,
        voided.body,
        "a void can be repeated"
    );
    for _ in 0..2 {
        assert_eq!(
            shop.pay(order, "tok_visa").await.problem(),
            (409, "payment_voided")
        );
    }
    assert_eq!(shop.ledger.of(order).await, Moved::default());
    let refund = shop.refund(voided.id(), Some(1), "r").await;
    assert_eq!(refund.problem(), (409, "payment_not_captured"));
    shop.close().await;
}

#[tokio::test]
async fn a_captured_payment_is_refunded_in_full() {
    let shop = Shop::open().await;
    for provider in ["stripe", "paypal"] {
        let order = Uuid::now_v7();
        let paid = shop
            .pay_by(order, json!({ "token": "tok_visa", "provider": provider }))
            .await;
        shop.refund(paid.id(), Some(99), "r").await;
        let voided = shop.void(order).await;
        assert_eq!(voided.state(), (200, "refunded"), "{voided:?}");
        assert_eq!(voided.body["refunded"]["amount"], 1999);
        let moved = shop.ledger.of(order).await;
        assert_eq!(
            (moved.captured, moved.refunds, moved.refunded),
            (1999, 2, 1999)
        );
        assert_eq!(shop.void(order).await.body, voided.body);
        let method = json!({ "token": "tok_visa", "provider": provider });
        let late = shop.pay_by(order, method).await;
        assert_eq!(
            late.problem(),
            (409, "payment_voided"),
            "the old answer is not for now"
        );
        let events = shop.event_types(paid.id()).await;
        let names = [
            "PaymentCreated",
            "PaymentCompleted",
            "PaymentRefunded",
            "PaymentRefunded",
        ];
        assert_eq!(events, names);
    }
    shop.close().await;
}

#[tokio::test]
async fn a_declined_payment_stays_as_it_is() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    shop.pay(order, "tok_chargeDeclined").await;
    assert_eq!(shop.void(order).await.state(), (200, "declined"));
    shop.close().await;
}

#[tokio::test]
async fn an_unknown_payment_is_settled_first_and_then_refunded() {
    let shop = Shop::open_with(&PATIENT).await;
    for (token, status) in [("tok_visa", "refunded"), ("tok_chargeDeclined", "declined")] {
        let order = Uuid::now_v7();
        shop.stripe.set(Mode::LosesAnswers).await;
        assert_eq!(shop.pay(order, token).await.state(), (202, "pending"));
        assert_eq!(
            shop.void(order).await.state(),
            (202, "pending"),
            "it cannot tell yet"
        );
        shop.stripe.set(Mode::Whole).await;
        assert_eq!(shop.void(order).await.state(), (200, status), "{token}");
        assert!(shop.ledger.of(order).await.nothing_stays());
    }
    shop.close().await;
}

#[tokio::test]
async fn a_void_that_could_not_tell_is_finished_by_the_reconciler() {
    let shop = Shop::open_with(&[("PAYMENT_CALL_TRIES_MAX", "1")]).await;
    let order = Uuid::now_v7();
    shop.stripe.set(Mode::LosesAnswers).await;
    shop.pay(order, "tok_visa").await;
    assert_eq!(shop.void(order).await.status, 202);
    shop.stripe.set(Mode::Whole).await;
    shop.becomes(order, "refunded").await;
    let moved = shop.ledger.of(order).await;
    assert_eq!((moved.charges, moved.refunds, moved.refunded), (1, 1, 1999));
    shop.close().await;
}

#[tokio::test]
async fn a_payment_that_certainly_reached_nobody_is_voided_without_a_call() {
    let shop = Shop::open().await;
    shop.stripe.set(Mode::Refused).await;
    shop.paypal.set(Mode::Refused).await;
    let order = Uuid::now_v7();
    let asked = shop.pay(order, "tok_visa").await;
    assert_eq!(asked.state(), (202, "pending"));
    let voided = shop.void(order).await;
    assert_eq!(voided.state(), (200, "voided"), "{voided:?}");
    let events = shop.events(asked.id()).await;
    assert_eq!(events.last().unwrap().0, "PaymentFailed");
    assert_eq!(events.last().unwrap().1["decline_code"], "voided");
    shop.stripe.set(Mode::Whole).await;
    assert_eq!(
        shop.pay(order, "tok_visa").await.problem(),
        (409, "payment_voided")
    );
    assert_eq!(shop.ledger.of(order).await, Moved::default());
    shop.close().await;
}

#[tokio::test]
async fn the_refund_of_a_void_whose_answer_is_lost_is_made_once() {
    let shop = Shop::open_with(&[("PAYMENT_CALL_TRIES_MAX", "1")]).await;
    let order = Uuid::now_v7();
    shop.pay(order, "tok_visa").await;
    shop.stripe.lose_answers(2).await;
    assert_eq!(shop.void(order).await.state(), (202, "captured"));
    shop.becomes(order, "refunded").await;
    let moved = shop.ledger.of(order).await;
    assert_eq!((moved.refunds, moved.refunded), (1, 1999));
    shop.close().await;
}

/// Many interleavings of a request, its repeat, and two voids, with cards that answer, decline, and hang.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_and_a_void_at_the_same_moment_end_with_nothing_captured() {
    let shop = Shop::open().await;
    let tokens = [
        "tok_visa",
        "tok_visa",
        "tok_chargeDeclined",
        "tok_visa_captureThenHang",
    ];
    for round in 0..10_u64 {
        let races = (0..8_u64).map(|lane| {
            let token = tokens[usize::try_from((round + lane) % 4).unwrap()];
            race(&shop, token, Duration::from_micros(round * lane * 400))
        });
        join_all(races).await;
    }
    shop.close().await;
}

async fn race(shop: &Shop, token: &str, head_start: Duration) {
    let order = Uuid::now_v7();
    let void_after = async |wait: Duration| {
        // Not synchronisation: it spreads the voids over the life of the request.
        tokio::time::sleep(wait).await;
        shop.void(order).await
    };
    let (paid, repeated, voided, _) = tokio::join!(
        shop.pay(order, token),
        shop.pay(order, token),
        void_after(head_start),
        void_after(head_start * 2),
    );
    for answer in [&paid, &repeated] {
        assert!(is_expected(answer), "{answer:?}");
    }
    assert!(matches!(voided.status.as_u16(), 200 | 202), "{voided:?}");
    let end = finish(shop, order).await;
    assert!(
        ["voided", "declined", "refunded"].contains(&end.state().1),
        "{end:?}"
    );
    let moved = shop.ledger.of(order).await;
    assert!(moved.nothing_stays(), "{token} {order}: {moved:?}");
}

async fn finish(shop: &Shop, order: Uuid) -> Answer {
    chassis::testing::wait_for(crate::support::LIMIT, async || {
        shop.void(order).await.status == 200
    })
    .await;
    shop.of_order(order).await
}

fn is_expected(answer: &Answer) -> bool {
    let problem = answer.problem();
    matches!(answer.status.as_u16(), 201 | 202)
        || problem == (409, "payment_voided")
        || problem == (409, "idempotency_in_progress")
}
