//! Domain errors as the client sees them.

use axum::http::StatusCode;
use chassis::{Problem, db, events::outbox};

use crate::domain::{BasketError, OrderError};

/// Why a request about an order failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No such order, or not the caller's to see.
    #[error("order not found")]
    NotFound,
    /// What the order's state forbids.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// What cannot be bought.
    #[error(transparent)]
    Basket(#[from] BasketError),
    /// Somebody else changed the order at the same moment.
    #[error("the order changed meanwhile")]
    Conflict,
    /// A saga that is not stuck cannot be resumed.
    #[error("the saga is not stuck")]
    NotStuck,
    /// The database.
    #[error("database")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match db::constraint(&error) {
            Some(outbox::VERSION_CONFLICT) => Self::Conflict,
            _ => Self::Database(error),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("order_not_found", "There is no such order."),
            Error::Order(OrderError::Cancelling) => Self::conflict(
                "order_cancelling",
                "The order is being cancelled; nothing else can happen to it.",
            ),
            Error::Order(error) => Self::conflict("order_state_conflict", format!("{error}.")),
            Error::Basket(error) => Self::invalid_field("items", error.to_string()),
            Error::Conflict => Self::new(
                StatusCode::CONFLICT,
                "order_changed",
                "The order changed at the same moment; look at it and try again.",
            ),
            Error::NotStuck => Self::conflict(
                "saga_not_stuck",
                "Only a saga that is stuck can be resumed.",
            ),
            Error::Database(error) => error.into(),
        }
    }
}
