//! PayPal's objects, with PayPal's field names. Amounts are decimal strings.

use chassis::money::Money;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::write_id;
use crate::domain::{
    decimal::format_minor_units,
    payment::{self, Payment, Status},
};

/// JSON text of one of our own types.
pub(super) fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types are plain JSON")
}

/// PayPal's times have seconds.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalAmount)]
pub(super) struct Amount {
    currency_code: &'static str,
    value: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self {
            currency_code: money.currency.code(),
            value: format_minor_units(money),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalLink)]
struct Link {
    href: String,
    rel: &'static str,
    method: &'static str,
}

fn link(rel: &'static str, method: &'static str, href: String) -> Link {
    Link { href, rel, method }
}

/// <https://developer.paypal.com/docs/api/orders/v2/>
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalOrder)]
pub(super) struct Order<'a> {
    id: String,
    intent: &'static str,
    status: &'static str,
    purchase_units: [PurchaseUnit<'a>; 1],
    create_time: String,
    update_time: String,
    links: Vec<Link>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalPurchaseUnit)]
struct PurchaseUnit<'a> {
    reference_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    payments: Option<Payments<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalPayments)]
struct Payments<'a> {
    captures: [Capture<'a>; 1],
}

/// <https://developer.paypal.com/docs/api/payments/v2/>
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalCapture)]
pub(super) struct Capture<'a> {
    id: String,
    status: &'static str,
    amount: Amount,
    final_capture: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<&'a str>,
    supplementary_data: SupplementaryData,
    create_time: String,
    update_time: String,
    links: Vec<Link>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalRefund)]
pub(super) struct Refund<'a> {
    id: String,
    status: &'static str,
    amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    note_to_payer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<&'a str>,
    supplementary_data: SupplementaryData,
    create_time: String,
    update_time: String,
    links: Vec<Link>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalSupplementaryData)]
struct SupplementaryData {
    related_ids: RelatedIds,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalRelatedIds)]
struct RelatedIds {
    order_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    capture_id: Option<String>,
}

fn related(order_id: String, capture_id: Option<String>) -> SupplementaryData {
    SupplementaryData {
        related_ids: RelatedIds {
            order_id,
            capture_id,
        },
    }
}

impl<'a> From<&'a Payment> for Order<'a> {
    fn from(payment: &'a Payment) -> Self {
        let id = write_id(payment.id.0);
        let captures = Capture::of(payment).map(|capture| Payments {
            captures: [capture],
        });
        Self {
            intent: "CAPTURE",
            status: order_status(payment),
            purchase_units: [PurchaseUnit {
                reference_id: payment
                    .metadata
                    .get("reference_id")
                    .map_or("default", |id| id),
                custom_id: payment.order_id.as_deref(),
                description: payment.description.as_deref(),
                amount: payment.amount.into(),
                payments: captures,
            }],
            create_time: time(payment.created_at),
            update_time: time(payment.updated_at),
            links: vec![
                link("self", "GET", format!("/v2/checkout/orders/{id}")),
                link(
                    "capture",
                    "POST",
                    format!("/v2/checkout/orders/{id}/capture"),
                ),
            ],
            id,
        }
    }
}

fn order_status(payment: &Payment) -> &'static str {
    match payment.status {
        Status::RequiresPaymentMethod => "CREATED",
        Status::RequiresConfirmation | Status::RequiresCapture => "APPROVED",
        Status::Succeeded => "COMPLETED",
        Status::Canceled => "VOIDED",
    }
}

impl<'a> Capture<'a> {
    /// The capture of a payment, if there is one.
    pub(super) fn of(payment: &'a Payment) -> Option<Self> {
        let status = match payment.refunded {
            0 => "COMPLETED",
            _ if payment.refundable() == 0 => "REFUNDED",
            _ => "PARTIALLY_REFUNDED",
        };
        let id = write_id(payment.charge_id?.0);
        Some(Self::with(payment, id, status, payment.captured))
    }

    /// The capture that the bank refused, for the event that tells of it.
    pub(super) fn declined(payment: &'a Payment, id: String) -> Self {
        Self::with(payment, id, "DECLINED", payment.amount.amount)
    }

    fn with(payment: &'a Payment, id: String, status: &'static str, units: i64) -> Self {
        let order = write_id(payment.id.0);
        let up = link("up", "GET", format!("/v2/checkout/orders/{order}"));
        Self {
            status,
            amount: payment.money(units).into(),
            final_capture: true,
            custom_id: payment.order_id.as_deref(),
            supplementary_data: related(order, None),
            create_time: time(payment.created_at),
            update_time: time(payment.updated_at),
            links: vec![
                link("self", "GET", format!("/v2/payments/captures/{id}")),
                link(
                    "refund",
                    "POST",
                    format!("/v2/payments/captures/{id}/refund"),
                ),
                up,
            ],
            id,
        }
    }
}

impl<'a> Refund<'a> {
    pub(super) fn of(payment: &'a Payment, refund: &'a payment::Refund) -> Self {
        let (id, capture) = (write_id(refund.id.0), write_id(refund.charge_id.0));
        let text = |name| refund.metadata.get(name).map(String::as_str);
        Self {
            status: "COMPLETED",
            amount: refund.amount.into(),
            note_to_payer: refund.reason.as_deref(),
            custom_id: text("custom_id").or(payment.order_id.as_deref()),
            invoice_id: text("invoice_id"),
            create_time: time(refund.created_at),
            update_time: time(refund.created_at),
            links: vec![
                link("self", "GET", format!("/v2/payments/refunds/{id}")),
                link("up", "GET", format!("/v2/payments/captures/{capture}")),
            ],
            supplementary_data: related(write_id(payment.id.0), Some(capture)),
            id,
        }
    }
}
