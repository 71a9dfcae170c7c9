//! Our view of Stripe's objects: the few members that say what became of the money. Others are ignored.

use chassis::money::{Currency, Money};
use serde::Deserialize;

use crate::{
    domain::decline_code,
    provider::{Capture, ChargeOutcome, RefundOutcome},
};

/// A PaymentIntent.
#[derive(Debug, Deserialize)]
pub(in crate::provider) struct Intent {
    pub(in crate::provider) id: String,
    amount_received: i64,
    currency: String,
    status: String,
    last_payment_error: Option<ErrorObject>,
    #[serde(default)]
    pub(in crate::provider) metadata: Metadata,
}

/// What we attached.
#[derive(Debug, Default, Deserialize)]
pub(in crate::provider) struct Metadata {
    pub(in crate::provider) payment_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SearchResult {
    pub(super) data: Vec<Intent>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorObject,
}

#[derive(Debug, Deserialize)]
pub(in crate::provider) struct ErrorObject {
    #[serde(rename = "type")]
    pub(super) kind: String,
    code: Option<String>,
    decline_code: Option<String>,
    pub(super) payment_intent: Option<Box<Intent>>,
}

impl ErrorObject {
    /// The most precise reason there is.
    pub(super) fn reason(&self) -> &str {
        let reason = self.decline_code.as_deref().or(self.code.as_deref());
        reason.unwrap_or("declined")
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RefundObject {
    id: String,
    status: String,
}

impl Intent {
    /// What the intent says of a charge that was asked for with it.
    pub(in crate::provider) fn outcome(self) -> ChargeOutcome {
        let (id, status) = (self.id.clone(), self.status.clone());
        self.definite().unwrap_or_else(|| ChargeOutcome::Unknown {
            why: format!("the intent is {}", decline_code(&status)),
            payment_id: Some(id),
        })
    }

    /// The same, if it can never change again. An intent of ours is confirmed by one keyed call alone, so one that was
    /// declined stays declined.
    pub(in crate::provider) fn definite(self) -> Option<ChargeOutcome> {
        match (self.status.as_str(), self.last_payment_error) {
            ("succeeded", _) => {
                let currency: Currency = self.currency.parse().ok()?;
                Some(ChargeOutcome::Captured(Capture {
                    payment_id: self.id,
                    capture_id: None,
                    amount: Money::new(self.amount_received, currency),
                }))
            }
            ("requires_payment_method", Some(error)) => Some(ChargeOutcome::Declined {
                code: decline_code(error.reason()),
                payment_id: Some(self.id),
            }),
            ("canceled", _) => Some(ChargeOutcome::Declined {
                code: "canceled".to_owned(),
                payment_id: Some(self.id),
            }),
            _ => None,
        }
    }
}

impl RefundObject {
    pub(super) fn outcome(self) -> RefundOutcome {
        match self.status.as_str() {
            "succeeded" => RefundOutcome::Succeeded { refund_id: self.id },
            "failed" | "canceled" => RefundOutcome::Refused {
                code: decline_code(&self.status),
            },
            other => RefundOutcome::Unknown {
                why: format!("the refund is {}", decline_code(other)),
            },
        }
    }
}
