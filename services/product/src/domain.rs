//! The rules of the catalogue: no I/O, no HTTP, no SQL.
//!
//! [`draft`] is what an administrator may write about a product, [`attributes`] the free-form part of it.

pub mod attributes;
pub mod draft;

use chrono::{DateTime, Utc};
use thiserror::Error;

pub use self::draft::{Draft, Flaw, Patch, RawDraft};

chassis::define_id!(
    /// A product.
    ProductId
);

/// A product of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Never changes, never used again.
    pub id: ProductId,
    /// What is written about it.
    pub draft: Draft,
    /// Counts its changes, from 1.
    pub version: i64,
    /// No longer sold, since then.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it entered the catalogue.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which version a change is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever there is.
    Any,
    /// One of these; another means that somebody else was first.
    OneOf(Vec<i64>),
}

/// Why a change was refused. Nothing has changed then.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such product, or it is archived.
    #[error("no such product")]
    Unknown,
    /// The product has changed since the caller read it.
    #[error("the product is at version {0}")]
    VersionMismatch(i64),
    /// Another product has the SKU; the list is empty if the database found out first.
    #[error("SKU taken")]
    SkuTaken(Vec<String>),
}

impl Expected {
    /// Checks a version.
    ///
    /// # Errors
    /// [`Refusal::VersionMismatch`].
    pub fn check(&self, version: i64) -> Result<(), Refusal> {
        match self {
            Self::OneOf(versions) if !versions.contains(&version) => {
                Err(Refusal::VersionMismatch(version))
            }
            _ => Ok(()),
        }
    }
}
