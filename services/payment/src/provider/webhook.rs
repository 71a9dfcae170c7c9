//! What a provider's event tells us. Whether it was really sent by the provider is checked before.

use chassis::money::Money;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Capture, ChargeOutcome,
    paypal::objects::Amount,
    stripe::objects::{Intent, Metadata},
};
use crate::domain::{OrderId, PaymentId, Provider};

/// Longest id and type that are taken; providers' are far shorter.
const NAME_BYTES_MAX: usize = 255;

/// An event.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) provider: Provider,
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) news: News,
}

/// What it says.
#[derive(Debug, PartialEq)]
pub(crate) enum News {
    /// A definite end of a charge.
    Charge(Subject, ChargeOutcome),
    /// Money went back: whoever has open refunds there should ask.
    Refund(Subject),
    /// Nothing that concerns a payment of ours.
    Nothing,
}

/// Which payment it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Payment(PaymentId),
    Order(OrderId),
}

/// An event that is not one.
#[derive(Debug, thiserror::Error)]
#[error("not an event of this provider: {0}")]
pub(crate) struct NotAnEvent(String);

impl Notice {
    /// Reads an event. Unknown types are not errors: providers add them as they like.
    pub(crate) fn parse(provider: Provider, payload: &[u8]) -> Result<Self, NotAnEvent> {
        let notice = match provider {
            Provider::Stripe => read::<StripeEvent>(payload)?.notice(),
            Provider::Paypal => read::<PaypalEvent>(payload)?.notice(),
        };
        let named = |text: &str| {
            (1..=NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
        };
        if named(&notice.event_id) && named(&notice.event_type) {
            Ok(notice)
        } else {
            Err(NotAnEvent("id and type must be short texts".to_owned()))
        }
    }
}

fn read<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, NotAnEvent> {
    serde_json::from_slice(payload).map_err(|error| NotAnEvent(error.to_string()))
}

#[derive(Deserialize)]
struct StripeEvent {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: StripeData,
}

#[derive(Deserialize)]
struct StripeData {
    object: Value,
}

#[derive(Deserialize)]
struct StripeCharge {
    #[serde(default)]
    metadata: Metadata,
}

impl StripeEvent {
    fn notice(self) -> Notice {
        let news = match self.kind.as_str() {
            "payment_intent.succeeded"
            | "payment_intent.payment_failed"
            | "payment_intent.canceled" => intent(self.data.object),
            "charge.refunded" => refunded(self.data.object),
            _ => None,
        };
        Notice {
            provider: Provider::Stripe,
            event_id: self.id,
            event_type: self.kind,
            news: news.unwrap_or(News::Nothing),
        }
    }
}

fn intent(object: Value) -> Option<News> {
    let intent: Intent = serde_json::from_value(object).ok()?;
    let subject = payment(&intent.metadata)?;
    Some(News::Charge(subject, intent.definite()?))
}

fn refunded(object: Value) -> Option<News> {
    let charge: StripeCharge = serde_json::from_value(object).ok()?;
    payment(&charge.metadata).map(News::Refund)
}

fn payment(metadata: &Metadata) -> Option<Subject> {
    metadata
        .payment_id
        .as_deref()?
        .parse()
        .ok()
        .map(Subject::Payment)
}

#[derive(Deserialize)]
struct PaypalEvent {
    id: String,
    event_type: String,
    resource: Value,
}

#[derive(Deserialize)]
struct PaypalResource {
    id: String,
    amount: Amount,
    custom_id: String,
    supplementary_data: Supplementary,
}

#[derive(Deserialize)]
struct Supplementary {
    related_ids: RelatedIds,
}

#[derive(Deserialize)]
struct RelatedIds {
    order_id: String,
}

impl PaypalEvent {
    fn notice(self) -> Notice {
        let news = paypal_news(&self.event_type, self.resource).unwrap_or(News::Nothing);
        Notice {
            provider: Provider::Paypal,
            event_id: self.id,
            event_type: self.event_type,
            news,
        }
    }
}

fn paypal_news(event_type: &str, resource: Value) -> Option<News> {
    let resource: PaypalResource = serde_json::from_value(resource).ok()?;
    let subject = Subject::Order(resource.custom_id.parse().ok()?);
    let payment_id = resource.supplementary_data.related_ids.order_id;
    let amount: Money = resource.amount.money()?;
    match event_type {
        "PAYMENT.CAPTURE.COMPLETED" => {
            let capture = Capture {
                payment_id,
                capture_id: Some(resource.id),
                amount,
            };
            Some(News::Charge(subject, ChargeOutcome::Captured(capture)))
        }
        "PAYMENT.CAPTURE.DENIED" => {
            let code = "instrument_declined".to_owned();
            let declined = ChargeOutcome::Declined {
                code,
                payment_id: Some(payment_id),
            };
            Some(News::Charge(subject, declined))
        }
        "PAYMENT.CAPTURE.REFUNDED" => Some(News::Refund(subject)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chassis::money::Currency;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stripe_success_names_its_payment_and_amount() {
        let id = PaymentId::new();
        let event = json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": {
            "id": "pi_1", "status": "succeeded", "amount_received": 500, "currency": "usd",
            "metadata": { "payment_id": id } } } });
        let notice = Notice::parse(Provider::Stripe, event.to_string().as_bytes()).unwrap();
        let capture = Capture {
            payment_id: "pi_1".to_owned(),
            capture_id: None,
            amount: Money::new(500, Currency::Usd),
        };
        let expected = News::Charge(Subject::Payment(id), ChargeOutcome::Captured(capture));
        assert_eq!(notice.news, expected);
    }

    #[test]
    fn a_paypal_event_is_found_by_its_order() {
        let order = OrderId::new();
        for (kind, is_refund) in [
            ("PAYMENT.CAPTURE.REFUNDED", true),
            ("PAYMENT.CAPTURE.COMPLETED", false),
        ] {
            let event = json!({ "id": "WH-1", "event_type": kind, "resource": {
                "id": "C1", "amount": { "currency_code": "EUR", "value": "5.00" },
                "custom_id": order, "supplementary_data": { "related_ids": { "order_id": "O1" } } } });
            let notice = Notice::parse(Provider::Paypal, event.to_string().as_bytes()).unwrap();
            assert_eq!(
                notice.news == News::Refund(Subject::Order(order)),
                is_refund
            );
            assert_ne!(notice.news, News::Nothing);
        }
    }

    #[test]
    fn events_that_do_not_concern_us_say_nothing() {
        let foreign = json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": {
            "id": "pi_1", "status": "succeeded", "amount_received": 5, "currency": "eur" } } });
        let novel = json!({ "id": "evt_2", "type": "invoice.paid", "data": { "object": 7 } });
        for event in [foreign, novel] {
            let notice = Notice::parse(Provider::Stripe, event.to_string().as_bytes()).unwrap();
            assert_eq!(notice.news, News::Nothing);
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for payload in [
            "",
            "[]",
            "{}",
            r#"{"id":"","type":"x","data":{"object":{}}}"#,
        ] {
            assert!(
                Notice::parse(Provider::Stripe, payload.as_bytes()).is_err(),
                "{payload}"
            );
            assert!(
                Notice::parse(Provider::Paypal, payload.as_bytes()).is_err(),
                "{payload}"
            );
        }
    }
}
