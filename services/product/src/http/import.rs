//! Import: administrators only; brings a catalogue in, again and again.

use std::collections::HashSet;

use axum::extract::State;
use chassis::{Problem, auth::Caller, http::ApiJson, money::Money, problem::FieldErrors};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    commands::{Commands, Import},
    domain::{Draft, ProductId, RawDraft, attributes::Attributes},
};

/// Most products of an import: one transaction of a fraction of a second, and within the largest body.
const ITEMS_MAX: usize = 500;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ImportRequest {
    #[schema(min_items = 1, max_items = 500)]
    items: Vec<ImportItem>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct ImportItem {
    id: ProductId,
    sku: String,
    name: String,
    #[serde(default)]
    description: String,
    category: String,
    price: Money,
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Attributes,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportBody {
    created: usize,
    updated: usize,
    unchanged: usize,
}

/// `POST /import`: 200 with what was done; an archived product is sold again. 409 `sku_taken` with the SKUs of products
/// that are not in the import.
#[utoipa::path(
    post,
    path = "/api/v1/products/import",
    security(("bearer" = [])),
    request_body = ImportRequest,
    responses(
        (status = 200, body = ImportBody),
        (status = 403, description = "role_missing"),
        (status = 409, description = "sku_taken")
    )
)]
pub(super) async fn import(
    State(commands): State<Commands>,
    caller: Caller,
    ApiJson(request): ApiJson<ImportRequest>,
) -> Result<ApiJson<ImportBody>, Problem> {
    caller.require_role("admin")?;
    let imported = commands.import(request.items()?).await?;
    Ok(ApiJson(ImportBody {
        created: imported.created,
        updated: imported.updated,
        unchanged: imported.unchanged,
    }))
}

impl ImportRequest {
    fn items(self) -> Result<Vec<Import>, Problem> {
        let mut errors = FieldErrors::default();
        let size = 1..=ITEMS_MAX;
        errors.require(
            size.contains(&self.items.len()),
            "items",
            "must hold 1 to 500 items",
        );
        errors.finish()?;
        let mut errors = FieldErrors::default();
        let (mut ids, mut skus) = (HashSet::new(), HashSet::new());
        let mut items = Vec::with_capacity(self.items.len());
        for (index, item) in self.items.into_iter().enumerate() {
            let id = item.id;
            let field = |name: &str| format!("items[{index}].{name}");
            errors.require(ids.insert(id), field("id"), "is there twice");
            match Draft::new(item.into()) {
                Ok(draft) => {
                    errors.require(
                        skus.insert(draft.sku.clone()),
                        field("sku"),
                        "is there twice",
                    );
                    items.push(Import { id, draft });
                }
                Err(flaws) => {
                    flaws
                        .iter()
                        .for_each(|flaw| errors.add(field(flaw.field), flaw.message));
                }
            }
        }
        errors.finish()?;
        Ok(items)
    }
}

impl From<ImportItem> for RawDraft {
    fn from(item: ImportItem) -> Self {
        let ImportItem {
            id: _,
            sku,
            name,
            description,
            category,
            price,
            attributes,
        } = item;
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
