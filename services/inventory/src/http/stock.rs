//! Reading stock: public, for the shop's pages show it.

use std::collections::BTreeSet;

use axum::extract::State;
use chassis::{
    Problem,
    db::Db,
    http::{ApiJson, ApiPath},
    problem::FieldErrors,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::ProductId,
    store::stock::{self, StockRow},
};

/// Most ids of a batch: a page of the catalogue.
const BATCH_MAX: usize = 100;

/// The stock of a product, as clients see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StockBody {
    product_id: ProductId,
    received: i64,
    available: i64,
    reserved: i64,
    sold: i64,
    version: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct BatchRequest {
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<ProductId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchBody {
    items: Vec<StockBody>,
    missing: BTreeSet<ProductId>,
}

impl From<&StockRow> for StockBody {
    fn from(row: &StockRow) -> Self {
        let StockRow {
            product_id,
            received,
            available,
            reserved,
            sold,
            version,
            ..
        } = *row;
        Self {
            product_id,
            received,
            available,
            reserved,
            sold,
            version,
        }
    }
}

/// `GET /{product_id}`: 200, or 404 `stock_not_found`.
#[utoipa::path(
    get,
    path = "/api/v1/inventory/{product_id}",
    operation_id = "read_stock",
    params(("product_id" = ProductId, Path)),
    responses((status = 200, body = StockBody), (status = 404, description = "stock_not_found"))
)]
pub(super) async fn read(
    State(pool): State<Db>,
    ApiPath(product_id): ApiPath<ProductId>,
) -> Result<ApiJson<StockBody>, Problem> {
    let row = stock::find(&mut *pool.acquire().await?, product_id).await?;
    let row = row.ok_or_else(|| {
        Problem::not_found(
            "stock_not_found",
            "There is no stock of a product with this id.",
        )
    })?;
    Ok(ApiJson(StockBody::from(&row)))
}

/// `POST /batch`: those that are known, sorted by id, and the ids of those that are not.
#[utoipa::path(
    post,
    path = "/api/v1/inventory/batch",
    request_body = BatchRequest,
    responses((status = 200, body = BatchBody))
)]
pub(super) async fn batch(
    State(pool): State<Db>,
    ApiJson(request): ApiJson<BatchRequest>,
) -> Result<ApiJson<BatchBody>, Problem> {
    let mut errors = FieldErrors::default();
    let size = 1..=BATCH_MAX;
    errors.require(
        size.contains(&request.ids.len()),
        "ids",
        "must hold 1 to 100 ids",
    );
    errors.finish()?;
    let rows = stock::find_all(&mut *pool.acquire().await?, &request.ids).await?;
    let mut missing: BTreeSet<_> = request.ids.into_iter().collect();
    for row in &rows {
        missing.remove(&row.product_id);
    }
    Ok(ApiJson(BatchBody {
        items: rows.iter().map(StockBody::from).collect(),
        missing,
    }))
}
