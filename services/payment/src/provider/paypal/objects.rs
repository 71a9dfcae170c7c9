//! Our view of PayPal's objects. Amounts are decimal strings, read and written exactly.

use chassis::money::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::{
    domain::decline_code,
    provider::{Capture, ChargeOutcome, RefundOutcome},
};

/// `{"currency_code": "EUR", "value": "19.99"}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::provider) struct Amount {
    currency_code: String,
    value: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        // Every currency of the shop has two decimals.
        let (whole, cents) = (money.amount / 100, money.amount % 100);
        Self {
            currency_code: money.currency.code().to_owned(),
            value: format!("{whole}.{cents:02}"),
        }
    }
}

impl Amount {
    /// `None` for what is not an amount with two decimals, or in no currency of the shop.
    pub(in crate::provider) fn money(&self) -> Option<Money> {
        let currency: Currency = self.currency_code.parse().ok()?;
        let (whole, cents) = self.value.split_once('.')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || cents.len() != 2 || !digits(whole) || !digits(cents) {
            return None;
        }
        let amount = whole.parse::<i64>().ok()?.checked_mul(100)?;
        Some(Money::new(
            amount.checked_add(cents.parse().ok()?)?,
            currency,
        ))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) status: String,
    #[serde(default)]
    purchase_units: Vec<PurchaseUnit>,
}

#[derive(Debug, Deserialize)]
struct PurchaseUnit {
    #[serde(default)]
    payments: Payments,
}

#[derive(Debug, Default, Deserialize)]
struct Payments {
    #[serde(default)]
    captures: Vec<CaptureObject>,
}

#[derive(Debug, Deserialize)]
struct CaptureObject {
    id: String,
    status: String,
    amount: Amount,
}

impl Order {
    /// What the order says of the money, if it can never change again.
    pub(super) fn definite(&self) -> Option<ChargeOutcome> {
        let capture = self.purchase_units.first()?.payments.captures.first()?;
        match capture.status.as_str() {
            "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED" => {
                Some(ChargeOutcome::Captured(Capture {
                    payment_id: self.id.clone(),
                    capture_id: Some(capture.id.clone()),
                    amount: capture.amount.money()?,
                }))
            }
            "DECLINED" | "FAILED" => Some(ChargeOutcome::Declined {
                code: decline_code(&capture.status),
                payment_id: Some(self.id.clone()),
            }),
            _ => None,
        }
    }
}

/// `{"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": "INSTRUMENT_DECLINED"}]}`
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) name: String,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    issue: String,
}

impl ErrorBody {
    /// The most precise reason there is.
    pub(super) fn issue(&self) -> &str {
        self.details
            .first()
            .map_or(&self.name, |detail| &detail.issue)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RefundObject {
    id: String,
    status: String,
}

impl RefundObject {
    pub(super) fn outcome(self) -> RefundOutcome {
        match self.status.as_str() {
            "COMPLETED" => RefundOutcome::Succeeded { refund_id: self.id },
            "FAILED" | "CANCELLED" => RefundOutcome::Refused {
                code: decline_code(&self.status),
            },
            other => RefundOutcome::Unknown {
                why: format!("the refund is {}", decline_code(other)),
            },
        }
    }
}
