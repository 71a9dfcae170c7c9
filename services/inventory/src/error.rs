//! What can go wrong, and what a client is told of it: the one place where the domain meets HTTP.

use chassis::{Problem, db, events::outbox, problem::FieldError};
use thiserror::Error;

use crate::domain::{Refusal, Shortage};

/// Why a command did not happen.
#[derive(Debug, Error)]
pub enum Error {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database did not do it.
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// The books contradict each other: units that a reservation holds are not in the stock. A bug.
    #[error("the books are wrong: {0}")]
    Books(String),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            // Orders and products share the outbox, where an id means one thing. Ids that are made at random never meet.
            Error::Database(error) if db::constraint(&error) == Some(outbox::VERSION_CONFLICT) => {
                Self::invalid_field("id", "is the id of something else already")
            }
            Error::Database(error) => error.into(),
            books @ Error::Books(_) => Self::internal(books),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OutOfStock(short) => Self::conflict(
                "out_of_stock",
                "Not enough is available; nothing was reserved. See errors for the products.",
            )
            .with_errors(short.into_iter().map(FieldError::from).collect()),
            Refusal::ReservationClosed(status) => Self::conflict(
                "reservation_closed",
                format!("The reservation of this order is {status}; it does not allow this."),
            ),
            Refusal::ReservationDiffers => Self::new(
                http::StatusCode::UNPROCESSABLE_ENTITY,
                "reservation_differs",
                "This order already holds a reservation for other items.",
            ),
            Refusal::ReservationUnknown => {
                Self::not_found("reservation_not_found", "This order has no reservation.")
            }
        }
    }
}

impl From<Shortage> for FieldError {
    fn from(short: Shortage) -> Self {
        Self {
            field: short.product_id.to_string(),
            message: format!("{} wanted, {} available", short.wanted, short.available),
        }
    }
}
