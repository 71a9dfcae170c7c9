//! Stripe's objects, with Stripe's field names.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::id;
use crate::domain::{
    ChargeId,
    payment::{self, CaptureMethod, Metadata, Payment, Status},
    token::Decline,
};

/// JSON text of one of our own types.
pub(super) fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types are plain JSON")
}

/// <https://docs.stripe.com/api/payment_intents/object>
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StripeIntent)]
pub(super) struct Intent {
    id: String,
    object: &'static str,
    amount: i64,
    amount_capturable: i64,
    amount_received: i64,
    canceled_at: Option<i64>,
    cancellation_reason: Option<String>,
    capture_method: CaptureMethod,
    confirmation_method: &'static str,
    created: i64,
    currency: String,
    description: Option<String>,
    last_payment_error: Option<PaymentError>,
    latest_charge: Option<String>,
    livemode: bool,
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    payment_method: Option<&'static str>,
    status: Status,
}

#[derive(Debug, Serialize, ToSchema)]
struct PaymentError {
    code: &'static str,
    decline_code: &'static str,
    message: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// <https://docs.stripe.com/api/refunds/object>
#[derive(Serialize, ToSchema)]
#[schema(as = StripeRefund)]
pub(super) struct Refund<'a> {
    id: String,
    object: &'static str,
    amount: i64,
    charge: String,
    created: i64,
    currency: String,
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: &'a Metadata,
    payment_intent: String,
    reason: Option<&'a str>,
    status: &'static str,
}

/// <https://docs.stripe.com/api/charges/object>
#[derive(Serialize, ToSchema)]
pub(super) struct Charge<'a> {
    id: String,
    object: &'static str,
    amount: i64,
    amount_captured: i64,
    amount_refunded: i64,
    captured: bool,
    created: i64,
    currency: String,
    description: Option<&'a str>,
    livemode: bool,
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: &'a Metadata,
    paid: bool,
    payment_intent: String,
    refunded: bool,
    status: &'static str,
}

/// <https://docs.stripe.com/api/events/object>
#[derive(Serialize, ToSchema)]
#[schema(as = StripeEvent)]
pub(super) struct Event<'a, T> {
    pub(super) id: String,
    pub(super) object: &'static str,
    pub(super) api_version: &'static str,
    pub(super) created: i64,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) livemode: bool,
    pub(super) pending_webhooks: u8,
    pub(super) request: EventRequest<'a>,
    pub(super) data: EventData<T>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EventRequest<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) idempotency_key: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EventData<T> {
    pub(super) object: T,
}

impl From<&Payment> for Intent {
    fn from(payment: &Payment) -> Self {
        Self {
            id: id::write(id::INTENT, payment.id.0),
            object: "payment_intent",
            amount: payment.amount.amount,
            amount_capturable: payment.capturable(),
            amount_received: payment.captured,
            canceled_at: payment.canceled_at.map(|at| at.timestamp()),
            cancellation_reason: payment.cancellation_reason.clone(),
            capture_method: payment.capture_method,
            confirmation_method: "automatic",
            created: payment.created_at.timestamp(),
            currency: currency(payment),
            description: payment.description.clone(),
            last_payment_error: payment.decline.map(PaymentError::from),
            latest_charge: payment
                .charge_id
                .map(|ChargeId(charge)| id::write(id::CHARGE, charge)),
            livemode: false,
            metadata: payment.metadata.clone(),
            payment_method: payment.token.map(|token| token.name),
            status: payment.status,
        }
    }
}

impl From<Decline> for PaymentError {
    fn from(decline: Decline) -> Self {
        Self {
            code: decline.code(),
            decline_code: decline.decline_code(),
            message: decline.message(),
            kind: "card_error",
        }
    }
}

impl<'a> From<&'a payment::Refund> for Refund<'a> {
    fn from(refund: &'a payment::Refund) -> Self {
        Self {
            id: id::write(id::REFUND, refund.id.0),
            object: "refund",
            amount: refund.amount.amount,
            charge: id::write(id::CHARGE, refund.charge_id.0),
            created: refund.created_at.timestamp(),
            currency: refund.amount.currency.code().to_ascii_lowercase(),
            metadata: &refund.metadata,
            payment_intent: id::write(id::INTENT, refund.payment_id.0),
            reason: refund.reason.as_deref(),
            status: "succeeded",
        }
    }
}

impl<'a> Charge<'a> {
    /// The charge of a payment that was captured.
    pub(super) fn of(payment: &'a Payment, charge: ChargeId) -> Self {
        Self {
            id: id::write(id::CHARGE, charge.0),
            object: "charge",
            amount: payment.amount.amount,
            amount_captured: payment.captured,
            amount_refunded: payment.refunded,
            captured: true,
            created: created(charge, payment.created_at),
            currency: currency(payment),
            description: payment.description.as_deref(),
            livemode: false,
            metadata: &payment.metadata,
            paid: true,
            payment_intent: id::write(id::INTENT, payment.id.0),
            refunded: payment.refundable() == 0,
            status: "succeeded",
        }
    }
}

/// A UUIDv7 knows when it was made.
fn created(charge: ChargeId, otherwise: DateTime<Utc>) -> i64 {
    let seconds = charge
        .0
        .get_timestamp()
        .and_then(|at| i64::try_from(at.to_unix().0).ok());
    seconds.unwrap_or_else(|| otherwise.timestamp())
}

/// Stripe writes currencies in small letters.
fn currency(payment: &Payment) -> String {
    payment.amount.currency.code().to_ascii_lowercase()
}
