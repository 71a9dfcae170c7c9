//! What an order is and what may happen to it. No I/O, no HTTP.

mod basket;
mod event;
mod order;

pub use self::basket::Line;
pub(crate) use self::{
    basket::{Basket, BasketError, LINES_MAX, LineRequest, QUANTITY_MAX},
    event::OrderEvent,
    order::{CancelReason, Order, OrderError, Status},
};

chassis::define_id!(
    /// An order.
    OrderId
);
