//! A new product gets its row of stock, with nothing in it.

use chassis::events::{ApplyError, Event, Handle};
use serde::Deserialize;
use sqlx::PgConnection;

use crate::{domain::ProductId, store::stock};

/// Written by the product service.
pub const TOPIC: &str = "product.events";

/// Consumer group.
pub const GROUP: &str = "inventory.products";

/// The handler.
pub struct Products;

/// What this service reads of `ProductCreated`.
#[derive(Deserialize)]
struct ProductCreated {
    product_id: ProductId,
}

impl Handle for Products {
    const EVENT_TYPES: &'static [&'static str] = &["ProductCreated"];

    async fn handle(&self, conn: &mut PgConnection, event: &Event) -> Result<(), ApplyError> {
        let ProductCreated { product_id } = event.parse()?;
        Ok(stock::open(conn, product_id).await?)
    }
}
