//! Products as they travel.

use chassis::money::Money;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Product, ProductId, attributes::Attributes};

/// A product, as clients see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProductBody {
    id: ProductId,
    sku: String,
    name: String,
    description: String,
    category: String,
    price: Money,
    /// Free-form.
    #[schema(value_type = Object)]
    attributes: Attributes,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Product> for ProductBody {
    fn from(product: Product) -> Self {
        let draft = product.draft.into_raw();
        Self {
            id: product.id,
            sku: draft.sku,
            name: draft.name,
            description: draft.description,
            category: draft.category,
            price: draft.price,
            attributes: draft.attributes,
            version: product.version,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}
