//! The Stripe-shaped face: intents and refunds, in forms.

use pact_consumer::{
    builders::InteractionBuilder,
    prelude::{HttpPartBuilder as _, JsonPattern},
    *,
};
use payment::{
    domain::Provider::Stripe,
    provider::{Capture, ChargeOutcome, RefundOutcome},
};

use super::{AMOUNT, charged, keyed, looked_up, refunded};
use crate::{
    recording::{Recording, asked},
    words::{ORDER, PAYMENT, SEARCHED, given_member, text, uuid},
};

const INTENT: &str = "pi_0000000000000000000000000000a1";

pub(super) async fn record(pact: &mut Recording) {
    charges(pact).await;
    not_taken(pact).await;
    look_ups(pact).await;
    refunds(pact).await;
}

fn with_key(i: &mut InteractionBuilder) {
    let bearer = term!("^Bearer [!-~]+$", "Bearer sk_test_of_a_merchant");
    i.request
        .header_from_provider_state("authorization", "Bearer ${api_key}", bearer);
}

fn form(i: &mut InteractionBuilder, path: &str, body: &str) {
    with_key(i);
    keyed(i, "idempotency-key", "${key}");
    i.request
        .post()
        .path(path)
        .body2(body, "application/x-www-form-urlencoded");
    i.request.content_type("application/x-www-form-urlencoded");
}

fn create(i: &mut InteractionBuilder, token: &str) {
    let body = format!(
        "amount=2500&currency=eur&confirm=true&capture_method=automatic&payment_method={token}\
         &metadata%5Border_id%5D={ORDER}&metadata%5Bpayment_id%5D={PAYMENT}"
    );
    form(i, "/v1/payment_intents", &body);
}

fn answers(i: &mut InteractionBuilder, status: u16, body: JsonPattern) {
    let json = term!("^application/json(;.*)?$", "application/json");
    i.response.status(status).content_type(json).json_body(body);
}

fn id() -> JsonPattern {
    text("^pi_[A-Za-z0-9]+$", INTENT)
}

fn succeeded() -> JsonPattern {
    json_pattern!({
        "id": id(),
        "amount_received": 2_500,
        "currency": text("^eur$", "eur"),
        "status": text("^succeeded$", "succeeded"),
        "last_payment_error": null,
        "metadata": { "payment_id": uuid(PAYMENT) },
    })
}

fn captured() -> ChargeOutcome {
    ChargeOutcome::Captured(Capture {
        payment_id: INTENT.to_owned(),
        capture_id: None,
        amount: AMOUNT,
    })
}

async fn charges(pact: &mut Recording) {
    let mock = pact.expect([asked("Stripe: a charge of a good card", |i| {
        i.given("Stripe: a merchant with a key");
        create(i, "tok_visa");
        answers(i, 200, succeeded());
    })]);
    assert_eq!(charged(&mock, Stripe, "tok_visa").await, captured());
    drop(mock);

    let mock = pact.expect([asked("Stripe: a charge that the bank declines", |i| {
        i.given("Stripe: a merchant with a key");
        create(i, "tok_chargeDeclined");
        let intent = json_pattern!({
            "id": id(), "amount_received": 0, "currency": "eur", "status": "requires_payment_method",
        });
        let error = json_pattern!({
            "type": "card_error",
            "code": "card_declined",
            "decline_code": text("^[a-z_]+$", "generic_decline"),
            "payment_intent": intent,
        });
        answers(i, 402, json_pattern!({ "error": error }));
    })]);
    let declined = ChargeOutcome::Declined {
        code: "generic_decline".to_owned(),
        payment_id: Some(INTENT.to_owned()),
    };
    assert_eq!(charged(&mock, Stripe, "tok_chargeDeclined").await, declined);
    drop(mock);

    let mock = pact.expect([asked("Stripe: a charge with an unknown token", |i| {
        i.given("Stripe: a merchant with a key");
        create(i, "tok_nobody_knows");
        let error = json_pattern!({ "type": "invalid_request_error", "code": text("^[a-z_]+$", "resource_missing") });
        answers(i, 400, json_pattern!({ "error": error }));
    })]);
    let outcome = charged(&mock, Stripe, "tok_nobody_knows").await;
    assert!(
        matches!(outcome, ChargeOutcome::Declined { .. }),
        "{outcome:?}"
    );
    drop(mock);
}

/// What leaves open, or rules out, that money was taken.
async fn not_taken(pact: &mut Recording) {
    let mock = pact.expect([asked(
        "Stripe: the key of a charge with another amount",
        |i| {
            i.given("Stripe: a key that was used for another amount");
            create(i, "tok_visa");
            answers(
                i,
                400,
                json_pattern!({ "error": { "type": "idempotency_error" } }),
            );
        },
    )]);
    let outcome = charged(&mock, Stripe, "tok_visa").await;
    assert!(
        matches!(outcome, ChargeOutcome::Unknown { .. }),
        "{outcome:?}"
    );
    drop(mock);

    let mock = pact.expect([asked(
        "Stripe: a charge with a key that is not the merchant's",
        |i| {
            i.given("Stripe: a merchant with a wrong key");
            create(i, "tok_visa");
            answers(
                i,
                401,
                json_pattern!({ "error": { "type": "invalid_request_error" } }),
            );
        },
    )]);
    let outcome = charged(&mock, Stripe, "tok_visa").await;
    let may_fail_over = matches!(
        outcome,
        ChargeOutcome::NotProcessed {
            may_fail_over: true,
            ..
        }
    );
    assert!(may_fail_over, "{outcome:?}");
    drop(mock);
}

async fn look_ups(pact: &mut Recording) {
    let mock = pact.expect([asked("Stripe: a look at a charge", |i| {
        i.given("Stripe: a captured charge");
        with_key(i);
        let path = term!(
            "^/v1/payment_intents/pi_[A-Za-z0-9]+$",
            format!("/v1/payment_intents/{INTENT}")
        );
        i.request
            .path_from_provider_state("/v1/payment_intents/${intent_id}", path);
        answers(i, 200, succeeded());
    })]);
    assert_eq!(
        looked_up(&mock, Stripe, Some(INTENT)).await,
        Some(captured())
    );
    drop(mock);

    let mock = pact.expect([asked("Stripe: a search for an order's charge", |i| {
        i.given("Stripe: a captured charge");
        with_key(i);
        i.request
            .path("/v1/payment_intents/search")
            .query_param("query", format!("metadata['order_id']:'{SEARCHED}'"));
        let found = each_like!(succeeded());
        answers(i, 200, json_pattern!({ "data": found }));
    })]);
    assert_eq!(looked_up(&mock, Stripe, None).await, Some(captured()));
    drop(mock);
}

async fn refunds(pact: &mut Recording) {
    let refund = |i: &mut InteractionBuilder| {
        let refund = uuid::Uuid::from_u128(2);
        let body = format!(
            "payment_intent={INTENT}&amount=500&reason=requested_by_customer\
             &metadata%5Border_id%5D={ORDER}&metadata%5Brefund_id%5D={refund}"
        );
        form(i, "/v1/refunds", &body);
        given_member(i, "$.payment_intent", "intent_id");
    };
    let mock = pact.expect([asked("Stripe: a refund of some of a charge", |i| {
        i.given("Stripe: a captured charge");
        refund(i);
        let body = json_pattern!({ "id": text("^re_[A-Za-z0-9]+$", "re_000000000000000000000000000001"), "status": "succeeded" });
        answers(i, 200, body);
    })]);
    let outcome = refunded(&mock, Stripe, INTENT, "").await;
    assert!(
        matches!(outcome, RefundOutcome::Succeeded { .. }),
        "{outcome:?}"
    );
    drop(mock);

    let mock = pact.expect([asked("Stripe: a refund of what went back already", |i| {
        i.given("Stripe: a charge that was refunded");
        refund(i);
        let error = json_pattern!({ "type": "invalid_request_error", "code": text("^[a-z_]+$", "charge_already_refunded") });
        answers(i, 400, json_pattern!({ "error": error }));
    })]);
    let outcome = refunded(&mock, Stripe, INTENT, "").await;
    assert!(
        matches!(outcome, RefundOutcome::Refused { .. }),
        "{outcome:?}"
    );
    drop(mock);
}
