//! Products as they travel.

use chassis::money::Money;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{Patch, Product, ProductId, RawDraft, attributes::Attributes};

/// A product, as clients see it.
#[derive(Debug, Serialize)]
pub(super) struct ProductBody {
    id: ProductId,
    sku: String,
    name: String,
    description: String,
    category: String,
    price: Money,
    attributes: Attributes,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What an administrator writes. Description and attributes may be left out.
#[derive(Debug, Deserialize)]
pub(super) struct DraftBody {
    sku: String,
    name: String,
    #[serde(default)]
    description: String,
    category: String,
    price: Money,
    #[serde(default)]
    attributes: Attributes,
}

/// What an administrator changes; a member that is absent or null is left as it is.
#[derive(Debug, Deserialize)]
pub(super) struct PatchBody {
    sku: Option<String>,
    name: Option<String>,
    description: Option<String>,
    category: Option<String>,
    price: Option<Money>,
    attributes: Option<Attributes>,
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

impl From<DraftBody> for RawDraft {
    fn from(body: DraftBody) -> Self {
        let DraftBody {
            sku,
            name,
            description,
            category,
            price,
            attributes,
        } = body;
        Self {
            sku,
            name,
            description,
            category,
            price,
            attributes,
        }
    }
}

impl From<PatchBody> for Patch {
    fn from(body: PatchBody) -> Self {
        let PatchBody {
            sku,
            name,
            description,
            category,
            price,
            attributes,
        } = body;
        Self {
            sku,
            name,
            description,
            category,
            price,
            attributes,
        }
    }
}
