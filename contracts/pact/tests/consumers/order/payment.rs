//! What order relies on in payment: charging, voiding, and what it reads of payment's events.

use chassis::{
    events::Handle as _,
    money::{Currency, Money},
    testing,
};
use order::{
    neighbours::{Answer, OrderId},
    payments::PaymentEvents,
};
use pact_consumer::{builders::InteractionBuilder, prelude::HttpPartBuilder as _, *};
use serde_json::json;

use super::{of, refused, too_late};
use crate::{
    recording::{Mock, Recording, asked},
    words::{
        self, ORDER, PAYMENT, USER, answers, at, called_by, cannot_now, finds_flaw, given_member,
        money, refuses, text, uuid,
    },
};

fn process(i: &mut InteractionBuilder, token: &str) {
    called_by(i, "the service order");
    let key = term!(&format!("^{}$", words::UUID), ORDER.to_string());
    i.request
        .post()
        .path("/api/v1/payments")
        .header_from_provider_state("idempotency-key", "${order_id}", key)
        .content_type("application/json")
        .json_body(json_pattern!({
            "order_id": uuid(ORDER),
            "user_id": uuid(USER),
            "amount": money(2_500),
            "method": { "token": token, "provider": "stripe" },
        }));
    given_member(i, "$.order_id", "order_id");
}

async fn pay(mock: &Mock, token: &str) -> Answer<uuid::Uuid> {
    let method = json!({ "token": token, "provider": "stripe" });
    let amount = Money::new(2_500, Currency::Eur);
    let clients = of(mock).await;
    clients
        .to
        .payment
        .process(OrderId(ORDER), USER, amount, &method)
        .await
}

fn stands_at(i: &mut InteractionBuilder, status_code: u16, status: &str) {
    let payment = json_pattern!({ "id": uuid(PAYMENT), "status": status });
    answers(i, status_code, payment);
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_payment() {
    let mut pact = Recording::between("order", "payment");

    let mock = pact.expect([asked("a payment with a good card", |i| {
        i.given("an order that nobody asked to pay for");
        process(i, "tok_visa");
        stands_at(i, 201, "captured");
    })]);
    let answer = pay(&mock, "tok_visa").await;
    assert!(matches!(answer, Answer::Done(PAYMENT)), "{answer:?}");
    drop(mock);

    let mock = pact.expect([asked("a payment with a card that the bank declines", |i| {
        i.given("an order that nobody asked to pay for");
        process(i, "tok_chargeDeclined");
        let decline_code = text("^[a-z0-9_]+$", "generic_decline");
        let payment = json_pattern!({
            "id": uuid(PAYMENT), "status": "declined", "decline_code": decline_code,
        });
        answers(i, 201, payment);
    })]);
    assert_eq!(
        refused(&pay(&mock, "tok_chargeDeclined").await),
        "payment_declined"
    );
    drop(mock);

    let mock = pact.expect([asked("a payment that is under way already", |i| {
        i.given("an order whose payment is under way with tok_visa_captureThenHang");
        process(i, "tok_visa_captureThenHang");
        cannot_now(i, 409, "idempotency_in_progress");
    })]);
    let answer = pay(&mock, "tok_visa_captureThenHang").await;
    assert!(matches!(answer, Answer::Unknown(_)), "{answer:?}");
    drop(mock);

    let mock = pact.expect([asked("another payment for the same order", |i| {
        i.given("an order that was paid with tok_mastercard");
        process(i, "tok_visa");
        refuses(i, 422, "idempotency_key_reused");
    })]);
    let answer = pay(&mock, "tok_visa").await;
    assert!(matches!(answer, Answer::Unknown(_)), "{answer:?}");
    drop(mock);

    let mock = pact.expect([asked("a payment for an order that was undone", |i| {
        i.given("an order whose payment was voided");
        process(i, "tok_visa");
        refuses(i, 409, "payment_voided");
    })]);
    assert_eq!(refused(&pay(&mock, "tok_visa").await), "payment_voided");
    drop(mock);

    let mock = pact.expect([asked("a payment with something that is no token", |i| {
        i.given("an order that nobody asked to pay for");
        process(i, "4242424242424242");
        finds_flaw(i, "validation_failed", 422, "method.token");
    })]);
    assert_eq!(
        refused(&pay(&mock, "4242424242424242").await),
        "validation_failed"
    );
    drop(mock);

    let mock = pact.expect([asked("a payment, too late", |i| {
        i.given("an order that nobody asked to pay for");
        process(i, "tok_visa");
        too_late(i);
    })]);
    let answer = pay(&mock, "tok_visa").await;
    assert!(matches!(answer, Answer::Unknown(_)), "{answer:?}");
    drop(mock);

    void(&mut pact).await;
    read_events(&mut pact).await;
    pact.finish();
}

async fn void(pact: &mut Recording) {
    for (description, state, status) in [
        (
            "a captured payment is undone",
            "an order that was paid with tok_visa",
            "refunded",
        ),
        (
            "a payment is undone before it was asked for",
            "an order that nobody asked to pay for",
            "voided",
        ),
    ] {
        let mock = pact.expect([asked(description, |i| {
            i.given(state);
            called_by(i, "the service order");
            i.request.post();
            at(i, "/api/v1/payments/order/", "order_id", ORDER, "/void");
            stands_at(i, 200, status);
        })]);
        let answer = of(&mock).await.to.payment.void(OrderId(ORDER)).await;
        assert!(matches!(answer, Answer::Done(())), "{answer:?}");
        drop(mock);
    }
}

/// The handler itself, on a database without the order: it gets as far as looking for it.
async fn read_events(pact: &mut Recording) {
    let db = testing::database(&order::MIGRATOR).await;
    let mut conn = db.pool.acquire().await.unwrap();
    for event_type in ["PaymentCompleted", "PaymentFailed"] {
        let event = pact.read(event_type, json_pattern!({ "order_id": uuid(ORDER) }));
        PaymentEvents.handle(&mut conn, &event).await.unwrap();
    }
    let event = pact.read(
        "PaymentRefunded",
        json_pattern!({
            "order_id": uuid(ORDER), "refund_id": uuid(PAYMENT), "refunded_total": like!(500),
        }),
    );
    let refused = PaymentEvents.handle(&mut conn, &event).await.unwrap_err();
    assert!(refused.to_string().contains("does not exist"), "{refused}");
}
