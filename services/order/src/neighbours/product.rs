//! Product: names and prices for a basket, in one call.

use std::{collections::HashMap, time::Duration};

use chassis::{
    client::{CallError, EdgeClient},
    money::Money,
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// Client of `order->product`.
#[derive(Clone)]
pub struct Products(pub(super) EdgeClient);

/// What this service reads of a product.
#[derive(Clone, Debug, Deserialize)]
pub struct Product {
    id: Uuid,
    /// One line.
    pub name: String,
    /// For one unit.
    pub price: Money,
}

#[derive(Deserialize)]
struct Batch {
    items: Vec<Product>,
}

/// A customer waits, and nothing has happened yet: better an early 503 than a late one.
const DEADLINE: Duration = Duration::from_millis(1_500);

impl Products {
    /// The products that exist among these, by id.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn batch(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Product>, CallError> {
        let call = self
            .0
            .post("/api/v1/products/batch")
            .json(&json!({ "ids": ids }))
            .idempotent()
            .deadline(DEADLINE);
        let batch: Batch = call.send().await?.json()?;
        Ok(batch
            .items
            .into_iter()
            .map(|product| (product.id, product))
            .collect())
    }
}
