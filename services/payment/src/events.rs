//! The events that this service writes, on `payment.events`; their aggregate is the payment.
//!
//! Members are only ever added; a reader ignores what it does not know. None holds a token.

use chassis::events::NewEvent;
use serde_json::{Value, json};

use crate::domain::{Payment, Refund};

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
