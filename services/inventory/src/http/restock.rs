//! Units coming in: administrators only.

use std::collections::HashSet;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chassis::{
    Problem,
    auth::Caller,
    http::{ApiJson, ApiPath, IdempotencyKey},
    idempotency,
    problem::FieldErrors,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::stock::StockBody;
use crate::{
    commands::{Commands, Restock, Restocked},
    domain::{Item, ProductId},
};

/// Most units that come in at once: a typing error more likely than a delivery.
const RESTOCK_MAX: i64 = 1_000_000;

/// Most products of an import: one transaction of a fraction of a second.
const IMPORT_MAX: usize = 1_000;

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(super) struct RestockRequest {
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ImportRequest {
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<ImportItem>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct ImportItem {
    product_id: ProductId,
    #[schema(minimum = 0, maximum = 1_000_000)]
    quantity: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportBody {
    stocked: usize,
    unchanged: usize,
}

/// `POST /{product_id}/restock`: 200 with the new stock. The `Idempotency-Key` is required: a delivery that is booked
/// twice is stock that does not exist.
#[utoipa::path(
    post,
    path = "/api/v1/inventory/{product_id}/restock",
    security(("bearer" = [])),
    params(("product_id" = ProductId, Path), ("Idempotency-Key" = String, Header)),
    request_body = RestockRequest,
    responses(
        (status = 200, body = StockBody),
        (status = 403, description = "role_missing")
    )
)]
pub(super) async fn restock(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(product_id): ApiPath<ProductId>,
    key: IdempotencyKey,
    ApiJson(request): ApiJson<RestockRequest>,
) -> Result<Response, Problem> {
    caller.require_role("admin")?;
    let key = key.required()?;
    let mut errors = FieldErrors::default();
    let in_range = (1..=RESTOCK_MAX).contains(&request.quantity);
    errors.require(in_range, "quantity", "must be 1 to 1000000");
    errors.finish()?;
    let body = serde_json::to_vec(&request).map_err(Problem::internal)?;
    let path = format!("/api/v1/inventory/{product_id}/restock");
    let restock = Restock {
        caller: &name(&caller),
        key: &key,
        hash: &idempotency::hash("POST", &path, &body),
        product_id,
        quantity: request.quantity,
    };
    let restocked = commands
        .restock(restock, |row| serde_json::json!(StockBody::from(row)))
        .await?;
    match restocked {
        Restocked::Now(body) => Ok(ApiJson(body).into_response()),
        Restocked::Before(repeated) => Ok(repeated.into_response()),
    }
}

/// `POST /import`: sets the stock of products that were never stocked and leaves all others, so that it can be repeated.
#[utoipa::path(
    post,
    path = "/api/v1/inventory/import",
    security(("bearer" = [])),
    request_body = ImportRequest,
    responses((status = 200, body = ImportBody), (status = 403, description = "role_missing"))
)]
pub(super) async fn import(
    State(commands): State<Commands>,
    caller: Caller,
    ApiJson(request): ApiJson<ImportRequest>,
) -> Result<ApiJson<ImportBody>, Problem> {
    caller.require_role("admin")?;
    let imported = commands.import(&request.items()?).await?;
    Ok(ApiJson(ImportBody {
        stocked: imported.stocked,
        unchanged: imported.unchanged,
    }))
}

impl ImportRequest {
    fn items(self) -> Result<Vec<Item>, Problem> {
        let mut errors = FieldErrors::default();
        let size = 1..=IMPORT_MAX;
        errors.require(
            size.contains(&self.items.len()),
            "items",
            "must hold 1 to 1000 items",
        );
        errors.finish()?;
        let mut errors = FieldErrors::default();
        let mut seen = HashSet::new();
        for (index, item) in self.items.iter().enumerate() {
            let field = |name: &str| format!("items[{index}].{name}");
            let in_range = (0..=RESTOCK_MAX).contains(&item.quantity);
            errors.require(in_range, field("quantity"), "must be 0 to 1000000");
            errors.require(
                seen.insert(item.product_id),
                field("product_id"),
                "is there twice",
            );
        }
        errors.finish()?;
        let item = |ImportItem {
                        product_id,
                        quantity,
                    }| Item {
            product_id,
            quantity,
        };
        Ok(self.items.into_iter().map(item).collect())
    }
}

fn name(caller: &Caller) -> String {
    match caller {
        Caller::User(user) => user.id.to_string(),
        Caller::Service(name) => name.clone(),
    }
}
