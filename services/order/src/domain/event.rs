//! What can have happened to an order. These are both its stored history and what other services hear.

use chassis::money::{Currency, Money};
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

    /// One of each; those with a reason or a status for each reason and status.
    pub(crate) fn examples(order_id: OrderId) -> Vec<Self> {
        let (user_id, total) = (Uuid::from_u128(2), Money::new(5_000, Currency::Eur));
        let items = vec![Line {
            product_id: Uuid::from_u128(3),
            name: "Teapot".to_owned(),
            quantity: 2,
            unit_price: Money::new(2_500, Currency::Eur),
        }];
        let detail = || "as an example".to_owned();
        let mut examples = vec![
            Self::OrderCreated {
                order_id,
                user_id,
                items: items.clone(),
                total,
            },
            Self::OrderPaid {
                order_id,
                user_id,
                payment_id: Uuid::from_u128(4),
                items,
                total,
            },
            Self::OrderRefunded {
                order_id,
                user_id,
                refund_id: Uuid::from_u128(5),
                refunded_total: total.amount,
            },
        ];
        for reason in CancelReason::ALL {
            examples.push(Self::OrderCancellationRequested {
                order_id,
                user_id,
                reason,
                detail: detail(),
            });
            examples.push(Self::OrderCancelled {
                order_id,
                user_id,
                reason,
                detail: detail(),
                total,
            });
        }
        for (from, to) in [
            (Status::Paid, Status::Shipped),
            (Status::Shipped, Status::Delivered),
        ] {
            examples.push(Self::OrderStatusChanged {
                order_id,
                user_id,
                from,
                to,
            });
        }
        examples
    }
}
