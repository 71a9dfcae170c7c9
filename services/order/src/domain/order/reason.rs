//! Why an order was cancelled, and how that is spelt.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CancelReason {
    OutOfStock,
    PaymentDeclined,
    ReservationExpired,
    TimedOut,
    CustomerRequest,
}

impl CancelReason {
    pub(crate) const ALL: [Self; 5] = [
        Self::OutOfStock,
        Self::PaymentDeclined,
        Self::ReservationExpired,
        Self::TimedOut,
        Self::CustomerRequest,
    ];

    /// The name in JSON, SQL and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OutOfStock => "out_of_stock",
            Self::PaymentDeclined => "payment_declined",
            Self::ReservationExpired => "reservation_expired",
            Self::TimedOut => "timed_out",
            Self::CustomerRequest => "customer_request",
        }
    }
}

impl FromStr for CancelReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a reason for a cancellation"))
    }
}
