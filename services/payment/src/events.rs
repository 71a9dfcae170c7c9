//! The events that this service writes, on `payment.events`; their aggregate is the payment.
//!
//! Members are only ever added; a reader ignores what it does not know. None holds a token.

use chassis::{
    events::NewEvent,
    money::{Currency, Money},
};
use chrono::DateTime;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::{
    OrderId, Payment, PaymentId, Position, Provider, Refund, RefundId, RefundKind, RefundStatus,
    UserId,
};

/// Where they are published.
pub const TOPIC: &str = "payment.events";

/// What happened to a payment.
pub(crate) enum Happened<'a> {
    /// Asked for.
    Created,
    /// Captured.
    Completed,
    /// Declined, or voided before anything was captured.
    Failed {
        /// Why.
        code: &'a str,
    },
    /// A refund is done.
    Refunded(&'a Refund),
}

/// The next event of a payment, which counts it: save the payment afterwards.
pub(crate) fn next(payment: &mut Payment, happened: &Happened<'_>) -> NewEvent {
    payment.version += 1;
    let mut data = json!({
        "payment_id": payment.id,
        "order_id": payment.order_id,
        "user_id": payment.user_id,
        "provider": payment.provider,
        "amount": payment.amount(),
    });
    let event_type = match happened {
        Happened::Created => "PaymentCreated",
        Happened::Completed => "PaymentCompleted",
        Happened::Failed { code } => {
            data["decline_code"] = Value::from(*code);
            "PaymentFailed"
        }
        Happened::Refunded(refund) => {
            data["refund_id"] = json!(refund.id);
            data["amount"] = json!(payment.money(refund.amount));
            // Minor units of the amount's currency.
            data["refunded_total"] = json!(payment.position.refunded);
            "PaymentRefunded"
        }
    };
    NewEvent {
        topic: TOPIC,
        aggregate_id: payment.id.0,
        aggregate_version: payment.version,
        event_type,
        data_version: 1,
        data,
        correlation_id: payment.correlation_id.clone(),
    }
}

/// One of each, as this service writes them: what contracts/events describes and consumers are tested with.
pub fn examples() -> Vec<NewEvent> {
    let (mut payment, refund) = example(Money::new(2_500, Currency::Eur));
    let mut examples = vec![
        next(&mut payment, &Happened::Created),
        next(&mut payment, &Happened::Completed),
        next(&mut payment, &Happened::Refunded(&refund)),
    ];
    payment.provider = Some(Provider::Paypal);
    let code = "insufficient_funds";
    examples.push(next(&mut payment, &Happened::Failed { code }));
    examples
}

fn example(amount: Money) -> (Payment, Refund) {
    let at = DateTime::UNIX_EPOCH;
    let id = PaymentId(Uuid::from_u128(1));
    let mut position = Position::opened(amount.amount);
    position.refunded = 500;
    let payment = Payment {
        id,
        order_id: OrderId(Uuid::from_u128(2)),
        user_id: Some(UserId(Uuid::from_u128(3))),
        currency: Some(amount.currency),
        provider: Some(Provider::Stripe),
        decline_code: None,
        position,
        version: 0,
        correlation_id: "example".to_owned(),
        checks: 0,
        created_at: at,
        updated_at: at,
    };
    let refund = Refund {
        id: RefundId(Uuid::from_u128(4)),
        payment_id: id,
        amount: position.refunded,
        reason: "requested".to_owned(),
        kind: RefundKind::Requested,
        status: RefundStatus::Succeeded,
        failure_code: None,
        created_at: at,
        updated_at: at,
    };
    (payment, refund)
}
