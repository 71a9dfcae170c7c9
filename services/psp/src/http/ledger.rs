//! The books, for people and for the auditor: `GET /ledger` and `GET /ledger/totals`.
//!
//! Not a provider's API, so errors are problem+json. The API key is asked for as everywhere; in a browser it is the
//! user name.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use chassis::{
    Problem,
    http::{ApiJson, ApiQuery},
    problem::FieldErrors,
};
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    store::ledger::{self, EntryRow, Totals},
};

pub(super) fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(entries))
        .routes(routes!(totals))
}

pub(super) fn router(state: &AppState) -> Router<AppState> {
    Router::from(api()).route_layer(middleware::from_fn_with_state(state.clone(), authenticate))
}

async fn authenticate(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if app.keys.has_api_key(request.headers()) {
        return next.run(request).await;
    }
    let problem = Problem::unauthorized(
        "api_key_invalid",
        "Send the API key as Bearer or as Basic user.",
    );
    let mut response = problem.into_response();
    let challenge = HeaderValue::from_static("Basic realm=\"ledger\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// `?order_id=…&limit=100&cursor=…`
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    #[param(max_length = 500)]
    order_id: Option<String>,
    #[serde(default = "limit_default")]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: i64,
}

fn limit_default() -> u32 {
    100
}

/// Entries in the order of booking.
#[derive(Serialize, ToSchema)]
struct Page {
    items: Vec<EntryRow>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<i64>,
}

#[utoipa::path(
    get,
    path = "/ledger",
    security(("api_key" = [])),
    params(Filter),
    responses((status = 200, body = Page), (status = 401, description = "api_key_invalid"))
)]
async fn entries(
    State(app): State<AppState>,
    ApiQuery(filter): ApiQuery<Filter>,
) -> Result<ApiJson<Page>, Problem> {
    let mut errors = FieldErrors::default();
    errors.require(
        (1..=1000).contains(&filter.limit),
        "limit",
        "must be 1 to 1000",
    );
    let order_id = filter.order_id.as_deref();
    let plain = |id: &str| id.len() <= 500 && !id.chars().any(char::is_control);
    errors.require(order_id.is_none_or(plain), "order_id", "must be plain text");
    errors.finish()?;
    let items = ledger::page(&app.pool, order_id, filter.cursor, filter.limit).await?;
    let full = items.len() == filter.limit as usize;
    let next_cursor = items.last().filter(|_| full).map(|entry| entry.seq);
    Ok(ApiJson(Page { items, next_cursor }))
}

/// Sums in minor units by currency code, for example `{"EUR": {"captured": …}}`.
#[utoipa::path(
    get,
    path = "/ledger/totals",
    security(("api_key" = [])),
    responses(
        (status = 200, body = BTreeMap<String, Totals>, description = "By currency code."),
        (status = 401, description = "api_key_invalid")
    )
)]
async fn totals(
    State(app): State<AppState>,
) -> Result<ApiJson<BTreeMap<&'static str, Totals>>, Problem> {
    let totals = ledger::totals(&app.pool).await?;
    Ok(ApiJson(
        totals
            .into_iter()
            .map(|sum| (sum.currency.code(), sum))
            .collect(),
    ))
}
