//! The books: each movement of money is a debit on one account and an equal credit on another.

use chassis::money::Money;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::PaymentId;

/// Whose money it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Account {
    Customer,
    Merchant,
}

/// Out of an account (debit) or into it (credit).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Direction {
    Debit,
    Credit,
}

/// Why money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum MovementKind {
    /// Customer → merchant.
    Capture,
    /// Merchant → customer.
    Refund,
}

/// Money that moved from one account to the other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Movement {
    /// Id of the charge or the refund.
    pub(crate) id: Uuid,
    pub(crate) kind: MovementKind,
    pub(crate) amount: Money,
    pub(crate) payment_id: PaymentId,
    pub(crate) order_id: Option<String>,
    pub(crate) at: DateTime<Utc>,
}

impl Movement {
    /// The account debited and the account credited.
    pub(crate) fn accounts(&self) -> [(Account, Direction); 2] {
        let (from, to) = match self.kind {
            MovementKind::Capture => (Account::Customer, Account::Merchant),
            MovementKind::Refund => (Account::Merchant, Account::Customer),
        };
        [(from, Direction::Debit), (to, Direction::Credit)]
    }
}
