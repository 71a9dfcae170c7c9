//! A refund: money on its way back.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;

use super::PaymentId;

chassis::define_id!(
    /// A refund.
    RefundId
);

/// Why a refund exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RefundKind {
    /// Somebody asked for it.
    Requested,
    /// The whole payment is being undone.
    Void,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RefundStatus {
    /// Nobody knows yet whether the provider did it.
    Pending,
    /// Done.
    Succeeded,
    /// The provider will not do it.
    Failed,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Refund {
    /// Id of the refund.
    pub id: RefundId,
    /// What it takes back.
    pub payment_id: PaymentId,
    /// Minor units of the payment's currency.
    pub amount: i64,
    /// Why, in the words of whoever asked.
    pub reason: String,
    /// Why it exists.
    pub kind: RefundKind,
    /// Where it stands.
    pub status: RefundStatus,
    /// Why the provider will not do it.
    pub failure_code: Option<String>,
    /// When it was decided.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Refund {
    /// Sent with every call for this refund; the provider answers a repeat with what it did the first time.
    pub fn idempotency_key(&self) -> String {
        format!("refund_{}", self.id.0.simple())
    }
}
