//! What PayPal's answers mean.

use bytes::Bytes;
use chassis::money::{Currency, Money};
use http::HeaderMap;
use proptest::prelude::*;
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

fn error(name: &str, issue: &str) -> Value {
    json!({ "name": name, "details": [{ "issue": issue }] })
}

#[test]
fn a_completed_capture_is_a_capture_also_after_refunds() {
    for status in ["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"] {
        let order: Order = serde_json::from_value(json!({
            "id": "O1", "status": "COMPLETED",
            "purchase_units": [{ "payments": { "captures": [{ "id": "C1", "status": status,
                "amount": { "currency_code": "EUR", "value": "19.99" } }] } }],
        }))
        .unwrap();
        let captured = ChargeOutcome::Captured(Capture {
            payment_id: "O1".to_owned(),
            capture_id: Some("C1".to_owned()),
            amount: Money::new(1999, Currency::Eur),
        });
        assert_eq!(order.definite(), Some(captured), "{status}");
    }
}

#[test]
fn an_order_without_a_capture_is_not_definite() {
    let order = json!({ "id": "O1", "status": "APPROVED", "purchase_units": [{}] });
    assert_eq!(
        serde_json::from_value::<Order>(order).unwrap().definite(),
        None
    );
}

#[test]
fn a_refusal_is_a_decline_unless_it_speaks_of_an_earlier_call() {
    let declined = refused(&reply(
        422,
        &error("UNPROCESSABLE_ENTITY", "INSTRUMENT_DECLINED"),
    ));
    let code = "instrument_declined".to_owned();
    assert_eq!(
        declined,
        ChargeOutcome::Declined {
            code,
            payment_id: None
        }
    );
    for answer in [
        error("UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED"),
        error("UNPROCESSABLE_ENTITY", "PAYPAL_REQUEST_ID_PREVIOUSLY_USED"),
        error("RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"),
        json!("no such page"),
    ] {
        let outcome = refused(&reply(422, &answer));
        assert!(
            matches!(outcome, ChargeOutcome::Unknown { .. }),
            "{answer} {outcome:?}"
        );
    }
}

#[test]
fn a_refund_is_done_refused_or_unknown() {
    let refund = |status: &str| json!({ "id": "R1", "status": status });
    let done = refund_outcome(&reply(201, &refund("COMPLETED")));
    assert_eq!(
        done,
        RefundOutcome::Succeeded {
            refund_id: "R1".to_owned()
        }
    );
    let refused = refund_outcome(&reply(
        422,
        &error("UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED"),
    ));
    assert_eq!(
        refused,
        RefundOutcome::Refused {
            code: "refund_amount_exceeded".to_owned()
        }
    );
    let pending = refund_outcome(&reply(201, &refund("PENDING")));
    assert!(
        matches!(pending, RefundOutcome::Unknown { .. }),
        "{pending:?}"
    );
}

#[test]
fn texts_that_are_no_amounts_are_refused() {
    for value in [
        "",
        "1",
        "1.9",
        "1.999",
        "-1.00",
        "1e3.00",
        ".50",
        "99999999999999999999.00",
    ] {
        let amount = json!({ "currency_code": "EUR", "value": value });
        let amount: Amount = serde_json::from_value(amount).unwrap();
        assert_eq!(amount.money(), None, "{value}");
    }
}

proptest! {
    #[test]
    fn amounts_survive_the_decimal_form(amount in 0..=i64::MAX) {
        let money = Money::new(amount, Currency::Usd);
        prop_assert_eq!(Amount::from(money).money(), Some(money));
    }
}
