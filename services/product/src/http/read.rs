//! Reading: public, without a token.

use std::collections::{BTreeSet, HashMap};

use axum::{extract::State, response::Response};
use chassis::{
    Problem,
    db::Db,
    http::{ApiJson, ApiPath, ApiQuery, Page},
    problem::FieldErrors,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{body::ProductBody, version::tagged};
use crate::{
    domain::{ProductId, Refusal, draft::is_search_term},
    metrics::CatalogueMetrics,
    store::{
        products,
        search::{self, Filter},
    },
};

/// Most ids of a batch: twice the largest order.
const BATCH_MAX: usize = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Words to look for.
    #[param(max_length = 200)]
    search: Option<String>,
    /// Exactly this category.
    #[param(max_length = 200)]
    category: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListBody {
    items: Vec<ProductBody>,
    page: u32,
    limit: u32,
    total: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct BatchRequest {
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<ProductId>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchBody {
    items: Vec<ProductBody>,
    missing: BTreeSet<ProductId>,
}

/// `GET /?search=&category=&page=&limit=`: best hits first with a search term, otherwise by name.
#[utoipa::path(
    get,
    path = "/api/v1/products",
    params(Page, ListQuery),
    responses((status = 200, body = ListBody))
)]
pub(super) async fn list(
    State(pool): State<Db>,
    State(metrics): State<CatalogueMetrics>,
    ApiQuery(page): ApiQuery<Page>,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<ApiJson<ListBody>, Problem> {
    let range = page.limit_offset()?;
    let filter = query.filter()?;
    let (products, total) = search::page(&mut *pool.acquire().await?, &filter, range).await?;
    if filter.search.is_some() {
        metrics.count_search(total);
    }
    let items = products.into_iter().map(ProductBody::from).collect();
    Ok(ApiJson(ListBody {
        items,
        page: page.page,
        limit: page.limit,
        total,
    }))
}

/// `GET /{id}`: 200, or 404 `product_not_found`, also when it is archived.
#[utoipa::path(
    get,
    path = "/api/v1/products/{id}",
    params(("id" = ProductId, Path)),
    responses(
        (
            status = 200,
            body = ProductBody,
            headers(("ETag" = String, description = "The version, as If-Match takes it."))
        ),
        (status = 404, description = "product_not_found")
    )
)]
pub(super) async fn one(
    State(pool): State<Db>,
    ApiPath(id): ApiPath<ProductId>,
) -> Result<Response, Problem> {
    let found = products::find(&mut *pool.acquire().await?, id).await?;
    Ok(tagged(found.ok_or(Refusal::Unknown)?))
}

/// `POST /batch`: those that are sold, in the order asked for, and the ids of those that are not.
#[utoipa::path(
    post,
    path = "/api/v1/products/batch",
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
    let found = products::find_all(&mut *pool.acquire().await?, &request.ids).await?;
    let mut found: HashMap<_, _> = found
        .into_iter()
        .map(|product| (product.id, product))
        .collect();
    let missing = request
        .ids
        .iter()
        .filter(|id| !found.contains_key(id))
        .copied()
        .collect();
    let items = request
        .ids
        .iter()
        .filter_map(|id| found.remove(id))
        .map(ProductBody::from);
    Ok(ApiJson(BatchBody {
        items: items.collect(),
        missing,
    }))
}

impl ListQuery {
    /// An empty parameter counts as not sent: that is what an empty search box sends.
    fn filter(self) -> Result<Filter, Problem> {
        let given = |text: Option<String>| {
            text.map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let filter = Filter {
            search: given(self.search),
            category: given(self.category),
        };
        let mut errors = FieldErrors::default();
        for (field, text) in [("search", &filter.search), ("category", &filter.category)] {
            let fits = text.as_deref().is_none_or(is_search_term);
            errors.require(fits, field, "must be at most 200 characters on one line");
        }
        errors.finish()?;
        Ok(filter)
    }
}
