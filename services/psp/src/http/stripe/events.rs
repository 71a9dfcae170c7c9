//! `/v1/events`, and what happened in Stripe's words.

use axum::{extract::State, response::Response};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    described::Window,
    error::{Failures, StripeError},
    id,
    list::{List, window},
    objects::{Charge, Event, EventData, EventRequest, Intent, text},
    submission::{Filters, PathId},
};
use crate::{
    app::AppState,
    domain::{
        Provider,
        command::{Done, Effect},
    },
    store::deliveries::{self, NewDelivery},
};

/// The version of Stripe's API whose shapes these are.
const API_VERSION: &str = "2024-06-20";

#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "list_events",
    security(("api_key" = [])),
    params(Window),
    responses((status = 200, body = List<Event<serde_json::Value>>), Failures)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Filters(params): Filters,
) -> Result<Response, StripeError> {
    let (cursor, limit) = window(&params, id::EVENT)?;
    let listed = deliveries::list(&app.pool, Provider::Stripe, cursor, limit).await?;
    let listed = listed.map(|payload| {
        RawValue::from_string(payload).expect("payloads are stored as they were serialised")
    });
    Ok(super::json(200, text(&List::new("/v1/events", listed))))
}

#[utoipa::path(
    get,
    path = "/v1/events/{id}",
    operation_id = "read_event",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "`evt_…`")),
    responses((status = 200, body = Event<serde_json::Value>), Failures)
)]
pub(super) async fn read(
    State(app): State<AppState>,
    PathId(event): PathId,
) -> Result<Response, StripeError> {
    let missing = || StripeError::missing("event", &event, "id");
    let id = id::read(id::EVENT, &event).ok_or_else(missing)?;
    let payload = deliveries::find(&app.pool, Provider::Stripe, id)
        .await?
        .ok_or_else(missing)?;
    Ok(super::json(200, payload))
}

/// The event that tells of this; making a payment and authorising it are not told.
pub(super) fn event(done: &Done, key: Option<&str>) -> Option<NewDelivery> {
    let payment = &done.payment;
    match &done.effect {
        Effect::Captured(_) => Some(envelope(
            "payment_intent.succeeded",
            done,
            key,
            Intent::from(payment),
        )),
        Effect::Declined(_) => Some(envelope(
            "payment_intent.payment_failed",
            done,
            key,
            Intent::from(payment),
        )),
        Effect::Canceled => Some(envelope(
            "payment_intent.canceled",
            done,
            key,
            Intent::from(payment),
        )),
        Effect::Refunded(refund) => Some(envelope(
            "charge.refunded",
            done,
            key,
            Charge::of(payment, refund.charge_id),
        )),
        Effect::Created | Effect::Authorised => None,
    }
}

fn envelope<T: Serialize>(
    kind: &'static str,
    done: &Done,
    key: Option<&str>,
    object: T,
) -> NewDelivery {
    let event_id = Uuid::now_v7();
    let event = Event {
        id: id::write(id::EVENT, event_id),
        object: "event",
        api_version: API_VERSION,
        created: done.payment.updated_at.timestamp(),
        kind,
        livemode: false,
        pending_webhooks: 1,
        request: EventRequest {
            id: None,
            idempotency_key: key,
        },
        data: EventData { object },
    };
    NewDelivery {
        id: event_id,
        event_type: kind,
        payload: text(&event),
    }
}
