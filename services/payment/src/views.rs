//! What a client is shown. Also what is stored under an idempotency key, so that a replay is the same answer.

use chassis::money::Money;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    OrderId, Payment, PaymentId, Provider, Refund, RefundId, RefundStatus, Status, UserId,
};

/// A payment. `user_id`, `provider`, `amount` and `refunded` are null for an order that was voided before it asked for
/// money.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentBody {
    id: PaymentId,
    order_id: OrderId,
    user_id: Option<UserId>,
    status: Status,
    decline_code: Option<String>,
    provider: Option<Provider>,
    amount: Option<Money>,
    refunded: Option<Money>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefundBody {
    id: RefundId,
    payment_id: PaymentId,
    amount: Option<Money>,
    reason: String,
    status: RefundStatus,
    failure_code: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<&Payment> for PaymentBody {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id,
            order_id: payment.order_id,
            user_id: payment.user_id,
            status: payment.position.status,
            decline_code: payment.decline_code.clone(),
            provider: payment.provider,
            amount: payment.amount(),
            refunded: payment.money(payment.position.refunded),
            created_at: payment.created_at,
            updated_at: payment.updated_at,
        }
    }
}

impl RefundBody {
    pub(crate) fn of(payment: &Payment, refund: &Refund) -> Self {
        Self {
            id: refund.id,
            payment_id: refund.payment_id,
            amount: payment.money(refund.amount),
            reason: refund.reason.clone(),
            status: refund.status,
            failure_code: refund.failure_code.clone(),
            created_at: refund.created_at,
            updated_at: refund.updated_at,
        }
    }
}
