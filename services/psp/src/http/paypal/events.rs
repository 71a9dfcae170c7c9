//! What happened, in PayPal's words.

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    objects::{Capture, Refund, text, time},
    write_id,
};
use crate::{
    domain::command::{Done, Effect},
    store::deliveries::NewDelivery,
};

/// The event that tells of this; making an order is not told.
pub(super) fn event(done: &Done) -> Option<NewDelivery> {
    let payment = &done.payment;
    match &done.effect {
        Effect::Captured(_) => {
            let capture = Capture::of(payment)?;
            Some(envelope(
                "PAYMENT.CAPTURE.COMPLETED",
                "capture",
                done,
                &capture,
            ))
        }
        Effect::Declined(_) => {
            let capture = Capture::declined(payment, write_id(Uuid::now_v7()));
            Some(envelope(
                "PAYMENT.CAPTURE.DENIED",
                "capture",
                done,
                &capture,
            ))
        }
        Effect::Refunded(refund) => {
            let refund = Refund::of(payment, refund);
            Some(envelope(
                "PAYMENT.CAPTURE.REFUNDED",
                "refund",
                done,
                &refund,
            ))
        }
        Effect::Created | Effect::Authorised | Effect::Canceled => None,
    }
}

fn envelope<T: Serialize>(
    event_type: &'static str,
    resource_type: &'static str,
    done: &Done,
    resource: &T,
) -> NewDelivery {
    let id = Uuid::now_v7();
    let payload = json!({
        "id": format!("WH-{}", write_id(id)),
        "event_version": "1.0",
        "create_time": time(done.payment.updated_at),
        "resource_type": resource_type,
        "event_type": event_type,
        "summary": event_type,
        "resource": resource,
        "links": [],
    });
    NewDelivery {
        id,
        event_type,
        payload: text(&payload),
    }
}
