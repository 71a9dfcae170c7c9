//! What Stripe's answers mean.

use bytes::Bytes;
use chassis::money::{Currency, Money};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::provider::Capture;

fn reply(status: u16, body: &Value) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_string()),
    }
}

fn intent(status: &str) -> Value {
    json!({ "id": "pi_1", "amount_received": 1999, "currency": "eur", "status": status,
            "last_payment_error": null, "metadata": { "payment_id": "p" } })
}

#[test]
fn a_succeeded_intent_is_a_capture() {
    let captured = ChargeOutcome::Captured(Capture {
        payment_id: "pi_1".to_owned(),
        capture_id: None,
        amount: Money::new(1999, Currency::Eur),
    });
    assert_eq!(charge_outcome(&reply(200, &intent("succeeded"))), captured);
}

#[test]
fn an_intent_that_is_not_final_is_unknown_and_remembered() {
    for status in [
        "processing",
        "requires_action",
        "requires_capture",
        "requires_confirmation",
    ] {
        let outcome = charge_outcome(&reply(200, &intent(status)));
        assert!(
            matches!(&outcome, ChargeOutcome::Unknown { payment_id: Some(id), .. } if id == "pi_1"),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_card_error_is_a_decline_with_the_most_precise_code() {
    let error = json!({ "error": { "type": "card_error", "code": "card_declined",
        "decline_code": "insufficient_funds", "payment_intent": intent("requires_payment_method") } });
    let declined = ChargeOutcome::Declined {
        code: "insufficient_funds".to_owned(),
        payment_id: Some("pi_1".to_owned()),
    };
    assert_eq!(charge_outcome(&reply(402, &error)), declined);
}

#[test]
fn an_unknown_token_is_a_decline() {
    let error = json!({ "error": { "type": "invalid_request_error", "code": "resource_missing" } });
    let declined = ChargeOutcome::Declined {
        code: "resource_missing".to_owned(),
        payment_id: None,
    };
    assert_eq!(charge_outcome(&reply(404, &error)), declined);
}

#[test]
fn what_says_nothing_about_the_payment_is_unknown() {
    let conflict = json!({ "error": { "type": "idempotency_error" } });
    for answer in [
        reply(409, &conflict),
        reply(400, &conflict),
        reply(404, &json!("no such page")),
        reply(200, &json!({ "object": "surprise" })),
        reply(302, &json!({})),
    ] {
        let outcome = charge_outcome(&answer);
        assert!(
            matches!(outcome, ChargeOutcome::Unknown { .. }),
            "{answer:?} {outcome:?}"
        );
    }
}

#[test]
fn a_refund_is_done_refused_or_unknown() {
    let refund = |status: &str| json!({ "id": "re_1", "status": status });
    let error = json!({ "error": { "type": "invalid_request_error", "code": "amount_too_large" } });
    assert_eq!(
        refund_outcome(&reply(200, &refund("succeeded"))),
        RefundOutcome::Succeeded {
            refund_id: "re_1".to_owned()
        }
    );
    assert_eq!(
        refund_outcome(&reply(400, &error)),
        RefundOutcome::Refused {
            code: "amount_too_large".to_owned()
        }
    );
    for answer in [
        reply(200, &refund("pending")),
        reply(401, &error),
        reply(409, &error),
    ] {
        let outcome = refund_outcome(&answer);
        assert!(
            matches!(outcome, RefundOutcome::Unknown { .. }),
            "{answer:?} {outcome:?}"
        );
    }
}
