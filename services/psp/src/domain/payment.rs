//! A payment and its states.
//!
//! ```text
//! requires_payment_method ⇄ requires_confirmation ──► requires_capture ──► succeeded (refunds change amounts only)
//!            └──────────────────────┴───────────────────────┴──► canceled
//! ```

use std::collections::BTreeMap;

use chassis::money::Money;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use super::{
    ChargeId, PaymentId, Provider, RefundId,
    token::{Decline, TestToken},
};

/// What the merchant attached: short texts by name.
pub(crate) type Metadata = BTreeMap<String, String>;

/// Where a payment stands. Names are Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// No token, or the last one was declined.
    RequiresPaymentMethod,
    /// A token is there; nothing was tried.
    RequiresConfirmation,
    /// The bank agreed; the money is not taken yet.
    RequiresCapture,
    /// The money was taken.
    Succeeded,
    /// Given up before any money was taken.
    Canceled,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// Whether confirming takes the money, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum CaptureMethod {
    Automatic,
    Manual,
}

/// A payment. `captured` and `refunded` are minor units of `amount`'s currency: 0 ≤ refunded ≤ captured ≤ amount.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Payment {
    pub(crate) id: PaymentId,
    pub(crate) provider: Provider,
    pub(crate) status: Status,
    pub(crate) amount: Money,
    pub(crate) capture_method: CaptureMethod,
    pub(crate) token: Option<&'static TestToken>,
    pub(crate) decline: Option<Decline>,
    pub(crate) charge_id: Option<ChargeId>,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) order_id: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) cancellation_reason: Option<String>,
    pub(crate) canceled_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Payment {
    /// What a capture may still take, in minor units.
    pub(crate) fn capturable(&self) -> i64 {
        if self.status == Status::RequiresCapture {
            self.amount.amount
        } else {
            0
        }
    }

    /// What a refund may still give back, in minor units.
    pub(crate) fn refundable(&self) -> i64 {
        self.captured - self.refunded
    }

    /// Minor units of the payment's own currency.
    pub(crate) fn money(&self, amount: i64) -> Money {
        Money::new(amount, self.amount.currency)
    }
}

/// Money given back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refund {
    pub(crate) id: RefundId,
    pub(crate) payment_id: PaymentId,
    pub(crate) charge_id: ChargeId,
    pub(crate) amount: Money,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) created_at: DateTime<Utc>,
}

/// Why a command was refused. Nothing was changed.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("there is no such payment")]
    NotFound,
    #[error("there is nothing to charge")]
    TokenMissing,
    #[error("a payment that is {} does not allow this", .0.status.as_str())]
    WrongState(Box<Payment>),
    #[error("only {0} minor units can be captured")]
    ExceedsCapturable(i64),
    #[error("nothing was captured, so nothing can be refunded")]
    NothingCaptured,
    #[error("everything was refunded already")]
    AlreadyRefunded,
    #[error("only {0} minor units are left to refund")]
    ExceedsRefundable(i64),
    #[error("the refund is in another currency than the charge")]
    CurrencyMismatch,
}
