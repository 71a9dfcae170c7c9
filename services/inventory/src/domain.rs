//! The rules of the stock: no I/O, no HTTP, no SQL.
//!
//! [`stock`] is arithmetic on one product, [`basket`] what an order wants, [`reservation`] the life of a reservation.

pub mod basket;
pub mod reservation;
pub mod stock;

use thiserror::Error;

pub use self::{
    basket::{Basket, BasketError, Item},
    reservation::{Command, ReleaseReason, Reservation, Status, Step},
    stock::{Level, Move},
};

chassis::define_id!(
    /// A product; its stock is kept under the same id.
    ProductId
);
chassis::define_id!(
    /// An order; its reservation is kept under the same id, at most one an order.
    OrderId
);

/// Why a command was refused. Nothing has changed then.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// At least one product of the basket is short; nothing was taken of any.
    #[error("{} product(s) out of stock", .0.len())]
    OutOfStock(Vec<Shortage>),
    /// The reservation has ended, or the order has paid for another basket.
    #[error("the reservation is {0} and does not allow this")]
    ReservationClosed(Status),
    /// The order holds a reservation for another basket.
    #[error("the order already holds a reservation for other items")]
    ReservationDiffers,
    /// The order never reserved anything.
    #[error("the order has no reservation")]
    ReservationUnknown,
}

/// A product of which less is available than wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The product.
    pub product_id: ProductId,
    /// Units wanted.
    pub wanted: i64,
    /// Units available when it was refused.
    pub available: i64,
}
