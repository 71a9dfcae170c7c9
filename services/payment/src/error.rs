//! What can go wrong, and what a client is told of it: the one place where the domain meets HTTP.

use chassis::Problem;
use http::StatusCode;
use thiserror::Error;

use crate::{
    domain::{IllegalMove, RefundRefused},
    vault::VaultError,
};

/// Why a command did not happen.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such payment.
    #[error("no such payment")]
    NotFound,
    /// The order was voided; it will never be charged.
    #[error("the payment of this order was voided")]
    Voided,
    /// The rules do not allow the refund.
    #[error(transparent)]
    RefundRefused(#[from] RefundRefused),
    /// A refund in another currency than the payment's.
    #[error("the payment is in another currency")]
    CurrencyMismatch,
    /// The database did not do it.
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// A token cannot be sealed or opened.
    #[error("vault")]
    Vault(#[from] VaultError),
    /// The state machine was asked for a move that it does not have. A bug.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    /// The rows contradict each other. A bug.
    #[error("the books are wrong: {0}")]
    Books(&'static str),
    /// The work was interrupted by the end of the process or a panic.
    #[error("the work was interrupted")]
    Interrupted,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => not_found(),
            Error::Voided => Self::conflict(
                "payment_voided",
                "The payment of this order was voided; it will never be charged.",
            ),
            Error::RefundRefused(refused) => refund_refused(refused),
            Error::CurrencyMismatch => {
                Self::invalid_field("amount.currency", "must be the currency of the payment")
            }
            Error::Database(error) => error.into(),
            bug @ (Error::Vault(_) | Error::Illegal(_) | Error::Books(_) | Error::Interrupted) => {
                Self::internal(bug)
            }
        }
    }
}

/// Also for a payment that the caller may not see.
pub(crate) fn not_found() -> Problem {
    Problem::not_found("payment_not_found", "There is no such payment.")
}

fn refund_refused(refused: RefundRefused) -> Problem {
    match refused {
        RefundRefused::NothingCaptured => Problem::conflict(
            "payment_not_captured",
            "Nothing was captured that could be refunded.",
        ),
        RefundRefused::OutOfRange { refundable, .. } => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "refund_exceeds_payment",
            format!("At most {refundable} minor units of this payment may still be refunded."),
        ),
    }
}
