//! What can go wrong, and what a client is told of it: the one place where the domain meets HTTP.

use chassis::{Problem, problem::FieldError};
use http::StatusCode;
use thiserror::Error;

use crate::domain::{Flaw, Refusal};

/// Why a command did not happen.
#[derive(Debug, Error)]
pub enum Error {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was to be written is not acceptable.
    #[error("not acceptable: {0:?}")]
    Flawed(Vec<Flaw>),
    /// The database did not do it.
    #[error("database")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match chassis::db::constraint(&error) {
            Some("products_sku") => Refusal::SkuTaken(Vec::new()).into(),
            _ => Self::Database(error),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Flawed(flaws) => {
                Self::invalid(flaws.into_iter().map(FieldError::from).collect())
            }
            Error::Database(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => {
                Self::not_found("product_not_found", "There is no product with this id.")
            }
            Refusal::VersionMismatch(current) => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "version_mismatch",
                format!("The product has changed: it is at version {current}. Read it again."),
            ),
            Refusal::SkuTaken(skus) => Self::conflict("sku_taken", "Another product has this SKU.")
                .with_errors(
                    skus.into_iter()
                        .map(|sku| FieldError {
                            field: "sku".to_owned(),
                            message: sku,
                        })
                        .collect(),
                ),
        }
    }
}

impl From<Flaw> for FieldError {
    fn from(flaw: Flaw) -> Self {
        Self {
            field: flaw.field.to_owned(),
            message: flaw.message.to_owned(),
        }
    }
}
