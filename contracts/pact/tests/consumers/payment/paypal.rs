//! The PayPal-shaped face: an access token, orders, captures and refunds, in JSON.

use pact_consumer::{
    builders::InteractionBuilder,
    prelude::{HttpPartBuilder as _, JsonPattern},
    *,
};
use payment::{
    domain::Provider::Paypal,
    provider::{Capture, ChargeOutcome, RefundOutcome},
};

use super::{AMOUNT, charged, keyed, looked_up, refunded};
use crate::{
    recording::{Recording, asked},
    words::{ORDER, PAYMENT, text, uuid},
};

const ID: &str = "0A1B2C3D4E5F60718";
const CAPTURE: &str = "1A1B2C3D4E5F60718";
const ANY_ID: &str = "^[A-Z0-9]+$";

pub(super) async fn record(pact: &mut Recording) {
    charges(pact).await;
    look_ups(pact).await;
    refunds(pact).await;
}

fn answers(i: &mut InteractionBuilder, status: u16, body: JsonPattern) {
    let json = term!("^application/json(;.*)?$", "application/json");
    i.response.status(status).content_type(json).json_body(body);
}

/// Every call needs it first.
fn token() -> InteractionBuilder {
    asked("PayPal: an access token for the merchant's secret", |i| {
        i.given("PayPal: a merchant with a secret");
        let basic = term!("^Basic [A-Za-z0-9+/=]+$", "Basic ZmF1bHRsaW5lOng=");
        i.request
            .post()
            .path("/v1/oauth2/token")
            .header_from_provider_state("authorization", "Basic ${basic}", basic)
            .body2(
                "grant_type=client_credentials",
                "application/x-www-form-urlencoded",
            );
        i.request.content_type("application/x-www-form-urlencoded");
        let grant = json_pattern!({ "access_token": text("^[!-~]+$", "an-access-token"), "expires_in": like!(32_400) });
        answers(i, 200, grant);
    })
}

fn with_token(i: &mut InteractionBuilder) {
    let bearer = term!("^Bearer [!-~]+$", "Bearer an-access-token");
    i.request
        .header_from_provider_state("authorization", "Bearer ${access_token}", bearer);
}

fn create(i: &mut InteractionBuilder, card: &str) {
    i.given("PayPal: a merchant with a token");
    with_token(i);
    keyed(i, "paypal-request-id", "${key}");
    i.request
        .post()
        .path("/v2/checkout/orders")
        .content_type("application/json")
        .json_body(json_pattern!({
            "intent": "CAPTURE",
            "purchase_units": [{
                "reference_id": uuid(PAYMENT),
                "custom_id": uuid(ORDER),
                "amount": { "currency_code": "EUR", "value": "25.00" },
            }],
            "payment_source": { "token": { "id": card, "type": "PAYMENT_METHOD_TOKEN" } },
        }));
}

fn capture(i: &mut InteractionBuilder, state: &str) {
    i.given(state);
    with_token(i);
    keyed(i, "paypal-request-id", "${key}");
    let path = term!(
        "^/v2/checkout/orders/[A-Z0-9]+/capture$",
        format!("/v2/checkout/orders/{ID}/capture")
    );
    i.request
        .post()
        .path_from_provider_state("/v2/checkout/orders/${order_id}/capture", path)
        .content_type("application/json")
        .json_body(json_pattern!({}));
}

fn open() -> JsonPattern {
    json_pattern!({ "id": text(ANY_ID, ID), "status": text("^(CREATED|APPROVED)$", "CREATED") })
}

fn completed() -> JsonPattern {
    let capture = json_pattern!({
        "id": text(ANY_ID, CAPTURE),
        "status": "COMPLETED",
        "amount": { "currency_code": "EUR", "value": "25.00" },
    });
    json_pattern!({
        "id": text(ANY_ID, ID),
        "status": "COMPLETED",
        "purchase_units": [{ "payments": { "captures": [capture] } }],
    })
}

fn unprocessable(issue: &str) -> JsonPattern {
    json_pattern!({ "name": "UNPROCESSABLE_ENTITY", "details": [{ "issue": issue }] })
}

fn captured() -> ChargeOutcome {
    ChargeOutcome::Captured(Capture {
        payment_id: ID.to_owned(),
        capture_id: Some(CAPTURE.to_owned()),
        amount: AMOUNT,
    })
}

async fn charges(pact: &mut Recording) {
    let mock = pact.expect([
        token(),
        asked("PayPal: an order for a good card", |i| {
            create(i, "tok_visa");
            answers(i, 201, open());
        }),
        asked("PayPal: the capture of an order", |i| {
            capture(i, "PayPal: an open order with tok_visa");
            answers(i, 201, completed());
        }),
    ]);
    assert_eq!(charged(&mock, Paypal, "tok_visa").await, captured());
    drop(mock);

    let mock = pact.expect([
        token(),
        asked("PayPal: an order for a card that the bank declines", |i| {
            create(i, "tok_chargeDeclined");
            answers(i, 201, open());
        }),
        asked("PayPal: the capture of a declined order", |i| {
            capture(i, "PayPal: an open order with tok_chargeDeclined");
            answers(i, 422, unprocessable("INSTRUMENT_DECLINED"));
        }),
    ]);
    let declined = ChargeOutcome::Declined {
        code: "instrument_declined".to_owned(),
        payment_id: Some(ID.to_owned()),
    };
    assert_eq!(charged(&mock, Paypal, "tok_chargeDeclined").await, declined);
    drop(mock);
}

async fn look_ups(pact: &mut Recording) {
    let mock = pact.expect([
        token(),
        asked("PayPal: a look at an order", |i| {
            i.given("PayPal: a captured order");
            with_token(i);
            let path = term!(
                "^/v2/checkout/orders/[A-Z0-9]+$",
                format!("/v2/checkout/orders/{ID}")
            );
            i.request
                .path_from_provider_state("/v2/checkout/orders/${order_id}", path);
            answers(i, 200, completed());
        }),
    ]);
    assert_eq!(looked_up(&mock, Paypal, Some(ID)).await, Some(captured()));
    drop(mock);
}

fn refund(i: &mut InteractionBuilder, state: &str) {
    i.given(state);
    with_token(i);
    keyed(i, "paypal-request-id", "${key}");
    let path = term!(
        "^/v2/payments/captures/[A-Z0-9]+/refund$",
        format!("/v2/payments/captures/{CAPTURE}/refund")
    );
    i.request
        .post()
        .path_from_provider_state("/v2/payments/captures/${capture_id}/refund", path)
        .content_type("application/json")
        .json_body(json_pattern!({
            "amount": { "currency_code": "EUR", "value": "5.00" },
            "custom_id": uuid(ORDER),
            "invoice_id": uuid(uuid::Uuid::from_u128(2)),
        }));
}

async fn refunds(pact: &mut Recording) {
    let mock = pact.expect([
        token(),
        asked("PayPal: a refund of some of a capture", |i| {
            refund(i, "PayPal: a captured order");
            let body =
                json_pattern!({ "id": text(ANY_ID, "2A1B2C3D4E5F60718"), "status": "COMPLETED" });
            answers(i, 201, body);
        }),
    ]);
    let outcome = refunded(&mock, Paypal, ID, CAPTURE).await;
    assert!(
        matches!(outcome, RefundOutcome::Succeeded { .. }),
        "{outcome:?}"
    );
    drop(mock);

    let mock = pact.expect([
        token(),
        asked("PayPal: a refund of what went back already", |i| {
            refund(i, "PayPal: a captured order that was refunded");
            answers(i, 422, unprocessable("CAPTURE_FULLY_REFUNDED"));
        }),
    ]);
    let outcome = refunded(&mock, Paypal, ID, CAPTURE).await;
    assert!(
        matches!(outcome, RefundOutcome::Refused { .. }),
        "{outcome:?}"
    );
    drop(mock);
}
