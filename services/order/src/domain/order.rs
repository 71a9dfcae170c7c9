//! The aggregate: an order is the fold of its events ([`Order::begin`], then [`Order::apply`]), and decides which may come next.
//!
//! Legal moves: pending → paid | cancelled; paid → shipped | cancelled; shipped → delivered. While a cancellation is
//! being carried out only its end (cancelled) is legal.

mod reason;

use std::{fmt, str::FromStr};

use chassis::money::Money;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

pub(crate) use self::reason::CancelReason;
use super::{Basket, Line, OrderEvent, OrderId};
use utoipa::ToSchema;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Pending,
    Paid,
    Shipped,
    Delivered,
    Cancelled,
}

impl Status {
    pub(crate) const ALL: [Self; 5] = [
        Self::Pending,
        Self::Paid,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
    ];

    /// The name in JSON, SQL and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether an order may go from here to there.
    pub(crate) fn may_become(self, to: Self) -> bool {
        matches!(
            (self, to),
            (Self::Pending, Self::Paid | Self::Cancelled)
                | (Self::Paid, Self::Shipped | Self::Cancelled)
                | (Self::Shipped, Self::Delivered)
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a status of an order"))
    }
}

/// Why something may not happen to an order.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum OrderError {
    /// The move is not legal from this status.
    #[error("an order that is {from} cannot become {to}")]
    IllegalMove { from: Status, to: Status },
    /// It is being cancelled.
    #[error("the order is being cancelled")]
    Cancelling,
    /// More would be refunded than was paid.
    #[error("refunded {refunded} of {total}")]
    RefundTooLarge { refunded: i64, total: i64 },
}

/// An order as its events tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) user_id: Uuid,
    pub(crate) status: Status,
    pub(crate) cancelling: bool,
    pub(crate) reason: Option<CancelReason>,
    pub(crate) detail: Option<String>,
    pub(crate) items: Vec<Line>,
    pub(crate) total: Money,
    pub(crate) refunded: i64,
    pub(crate) payment_id: Option<Uuid>,
    /// Version of the last event, from 1.
    pub(crate) version: i64,
}

impl Order {
    /// The first event of an order.
    pub(crate) fn create(id: OrderId, user_id: Uuid, basket: Basket) -> OrderEvent {
        OrderEvent::OrderCreated {
            order_id: id,
            user_id,
            items: basket.lines,
            total: basket.total,
        }
    }

    /// The payment was captured and the stock is ours.
    pub(crate) fn pay(&self, payment_id: Uuid) -> Result<OrderEvent, OrderError> {
        self.check(Status::Paid)?;
        Ok(OrderEvent::OrderPaid {
            order_id: self.id,
            user_id: self.user_id,
            payment_id,
            items: self.items.clone(),
            total: self.total,
        })
    }

    /// A cancellation begins; it ends with [`Order::cancel`].
    pub(crate) fn request_cancellation(
        &self,
        reason: CancelReason,
        detail: String,
    ) -> Result<OrderEvent, OrderError> {
        self.check(Status::Cancelled)?;
        Ok(OrderEvent::OrderCancellationRequested {
            order_id: self.id,
            user_id: self.user_id,
            reason,
            detail,
        })
    }

    /// Everything that was done for the order is undone.
    pub(crate) fn cancel(
        &self,
        reason: CancelReason,
        detail: String,
    ) -> Result<OrderEvent, OrderError> {
        if !self.status.may_become(Status::Cancelled) {
            return Err(OrderError::IllegalMove {
                from: self.status,
                to: Status::Cancelled,
            });
        }
        Ok(OrderEvent::OrderCancelled {
            order_id: self.id,
            user_id: self.user_id,
            reason,
            detail,
            total: self.total,
        })
    }

    /// Shipped or delivered.
    pub(crate) fn advance(&self, to: Status) -> Result<OrderEvent, OrderError> {
        if !matches!(to, Status::Shipped | Status::Delivered) {
            return Err(OrderError::IllegalMove {
                from: self.status,
                to,
            });
        }
        self.check(to)?;
        Ok(OrderEvent::OrderStatusChanged {
            order_id: self.id,
            user_id: self.user_id,
            from: self.status,
            to,
        })
    }

    /// Money went back. `refunded_total` counts all refunds so far; an older, smaller one changes nothing (`None`).
    pub(crate) fn refund(
        &self,
        refund_id: Uuid,
        refunded_total: i64,
    ) -> Result<Option<OrderEvent>, OrderError> {
        if refunded_total > self.total.amount {
            return Err(OrderError::RefundTooLarge {
                refunded: refunded_total,
                total: self.total.amount,
            });
        }
        if refunded_total <= self.refunded {
            return Ok(None);
        }
        let (order_id, user_id) = (self.id, self.user_id);
        Ok(Some(OrderEvent::OrderRefunded {
            order_id,
            user_id,
            refund_id,
            refunded_total,
        }))
    }

    fn check(&self, to: Status) -> Result<(), OrderError> {
        if self.cancelling {
            return Err(OrderError::Cancelling);
        }
        if self.status.may_become(to) {
            Ok(())
        } else {
            Err(OrderError::IllegalMove {
                from: self.status,
                to,
            })
        }
    }

    /// The order right after its creation.
    pub(crate) fn begin(created: OrderEvent) -> Option<Self> {
        let OrderEvent::OrderCreated {
            order_id,
            user_id,
            items,
            total,
        } = created
        else {
            return None;
        };
        Some(Self {
            id: order_id,
            user_id,
            status: Status::Pending,
            cancelling: false,
            reason: None,
            detail: None,
            items,
            total,
            refunded: 0,
            payment_id: None,
            version: 1,
        })
    }

    /// Takes an event that was decided (or stored) before.
    pub(crate) fn apply(&mut self, event: OrderEvent) {
        self.version += 1;
        match event {
            OrderEvent::OrderCreated { .. } => {}
            OrderEvent::OrderPaid { payment_id, .. } => {
                self.status = Status::Paid;
                self.payment_id = Some(payment_id);
            }
            OrderEvent::OrderCancellationRequested { .. } => self.cancelling = true,
            OrderEvent::OrderCancelled { reason, detail, .. } => {
                self.status = Status::Cancelled;
                self.cancelling = false;
                self.reason = Some(reason);
                self.detail = Some(detail);
            }
            OrderEvent::OrderRefunded { refunded_total, .. } => self.refunded = refunded_total,
            OrderEvent::OrderStatusChanged { to, .. } => self.status = to,
        }
    }
}

#[cfg(test)]
mod tests;
