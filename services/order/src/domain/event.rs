//! What can have happened to an order. These are both its stored history and what other services hear.

use chassis::money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CancelReason, Line, OrderId, Status};

/// One event of an order's stream; `event_type` is the variant's name, the body its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event_type", content = "data")]
#[expect(clippy::enum_variant_names, reason = "the names are those on the wire")]
pub(crate) enum OrderEvent {
    OrderCreated {
        order_id: OrderId,
        user_id: Uuid,
        items: Vec<Line>,
        total: Money,
    },
    OrderPaid {
        order_id: OrderId,
        user_id: Uuid,
        payment_id: Uuid,
        items: Vec<Line>,
        total: Money,
    },
    OrderCancellationRequested {
        order_id: OrderId,
        user_id: Uuid,
        reason: CancelReason,
        detail: String,
    },
    OrderCancelled {
        order_id: OrderId,
        user_id: Uuid,
        reason: CancelReason,
        detail: String,
        total: Money,
    },
    OrderRefunded {
        order_id: OrderId,
        user_id: Uuid,
        refund_id: Uuid,
        refunded_total: i64,
    },
    OrderStatusChanged {
        order_id: OrderId,
        user_id: Uuid,
        from: Status,
        to: Status,
    },
}

impl OrderEvent {
    /// The name under which it travels.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::OrderCreated { .. } => "OrderCreated",
            Self::OrderPaid { .. } => "OrderPaid",
            Self::OrderCancellationRequested { .. } => "OrderCancellationRequested",
            Self::OrderCancelled { .. } => "OrderCancelled",
            Self::OrderRefunded { .. } => "OrderRefunded",
            Self::OrderStatusChanged { .. } => "OrderStatusChanged",
        }
    }
}
