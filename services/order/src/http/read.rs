//! Reading orders: one, a list, its history, a customer's analytics.

use std::collections::BTreeMap;

use axum::extract::State;
use chassis::{
    Problem,
    auth::Caller,
    db::Db,
    http::{ApiJson, ApiPath, ApiQuery, Page},
    money::{Currency, Money},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::OrderView;
use crate::{
    domain::{OrderId, Status},
    error::Error,
    store::{
        orders::{self, Filter, OrderRow},
        stream,
    },
};

#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}",
    operation_id = "read",
    security(("bearer" = [])),
    params(("id" = inline(OrderId), Path)),
    responses((status = 200, body = OrderView), (status = 404, description = "order_not_found"))
)]
pub(super) async fn get(
    State(pool): State<Db>,
    caller: Caller,
    ApiPath(id): ApiPath<OrderId>,
) -> Result<ApiJson<OrderView>, Problem> {
    let row = visible(&pool, &caller, id).await?;
    Ok(ApiJson(OrderView::from(&row)))
}

/// The order, if the caller may see it; 404 otherwise, so that a stranger does not learn that it exists.
pub(super) async fn visible(pool: &Db, caller: &Caller, id: OrderId) -> Result<OrderRow, Problem> {
    let mut conn = pool.acquire().await?;
    let row = orders::find(&mut conn, id).await?;
    Ok(row
        .filter(|row| caller.may_see(row.user_id))
        .ok_or(Error::NotFound)?)
}

/// `?status=paid&user_id=…`; another user's orders only for administrators.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    #[param(inline, value_type = Option<Status>)]
    status: Option<String>,
    user_id: Option<Uuid>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed {
    items: Vec<OrderView>,
    page: u32,
    limit: u32,
    total: i64,
}

#[utoipa::path(
    get,
    path = "/api/v1/orders",
    security(("bearer" = [])),
    params(Page, ListQuery),
    responses((status = 200, body = Listed), (status = 403, description = "role_missing"))
)]
pub(super) async fn list(
    State(pool): State<Db>,
    caller: Caller,
    ApiQuery(page): ApiQuery<Page>,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<ApiJson<Listed>, Problem> {
    let window = page.limit_offset()?;
    let status = query
        .status
        .as_deref()
        .map(str::parse::<Status>)
        .transpose();
    let status = status.map_err(|error| Problem::invalid_field("status", error))?;
    let filter = Filter {
        user_id: whose(&caller, query.user_id)?,
        status,
    };
    let mut conn = pool.acquire().await?;
    let (rows, total) = orders::list(&mut conn, filter, window).await?;
    let items = rows.iter().map(OrderView::from).collect();
    Ok(ApiJson(Listed {
        items,
        page: page.page,
        limit: page.limit,
        total,
    }))
}

/// Whose orders: one's own, or for those who may see everything, whoever was asked for.
fn whose(caller: &Caller, asked: Option<Uuid>) -> Result<Option<Uuid>, Problem> {
    if caller.has_role("admin") {
        return Ok(asked);
    }
    let own = caller.user()?.id;
    match asked {
        Some(other) if other != own => Err(Problem::forbidden(
            "role_missing",
            "Only administrators may list the orders of others.",
        )),
        _ => Ok(Some(own)),
    }
}

/// One event of an order's history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryEntry {
    id: Uuid,
    version: i64,
    #[serde(rename = "type")]
    event_type: String,
    time: DateTime<Utc>,
    data: Value,
    request_id: String,
}

#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}/history",
    security(("bearer" = [])),
    params(("id" = inline(OrderId), Path)),
    responses(
        (status = 200, body = Vec<HistoryEntry>),
        (status = 404, description = "order_not_found")
    )
)]
pub(super) async fn history(
    State(pool): State<Db>,
    caller: Caller,
    ApiPath(id): ApiPath<OrderId>,
) -> Result<ApiJson<Vec<HistoryEntry>>, Problem> {
    visible(&pool, &caller, id).await?;
    let mut conn = pool.acquire().await?;
    let events = stream::history(&mut conn, id).await?;
    let entries = events.into_iter().map(|event| HistoryEntry {
        id: event.id,
        version: event.aggregate_version,
        event_type: event.event_type,
        time: event.occurred_at,
        data: event.data,
        request_id: event.correlation_id,
    });
    Ok(ApiJson(entries.collect()))
}

/// A customer's orders in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Analytics {
    user_id: Uuid,
    orders: i64,
    by_status: BTreeMap<String, i64>,
    totals: Vec<Totals>,
}

/// Money of one currency: what was ordered and kept (paid, shipped, delivered), and what went back.
#[derive(Debug, Serialize, ToSchema)]
struct Totals {
    currency: Currency,
    spent: Money,
    refunded: Money,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AnalyticsQuery {
    user_id: Option<Uuid>,
}

#[utoipa::path(
    get,
    path = "/api/v1/orders/analytics",
    security(("bearer" = [])),
    params(AnalyticsQuery),
    responses((status = 200, body = Analytics), (status = 403, description = "role_missing"))
)]
pub(super) async fn analytics(
    State(pool): State<Db>,
    caller: Caller,
    ApiQuery(query): ApiQuery<AnalyticsQuery>,
) -> Result<ApiJson<Analytics>, Problem> {
    let asked = query
        .user_id
        .or_else(|| caller.user().ok().map(|user| user.id));
    let user_id = whose(&caller, asked)?
        .ok_or_else(|| Problem::invalid_field("user_id", "is required for a service"))?;
    let mut conn = pool.acquire().await?;
    let rows = orders::analytics(&mut conn, user_id).await?;
    let mut by_status: BTreeMap<String, i64> = Status::ALL
        .iter()
        .map(|status| (status.as_str().to_owned(), 0))
        .collect();
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for row in &rows {
        *by_status.entry(row.status.clone()).or_default() += row.orders;
        let sum = sums.entry(row.currency.clone()).or_default();
        if matches!(row.status.as_str(), "paid" | "shipped" | "delivered") {
            sum.0 = sum.0.saturating_add(row.total);
        }
        sum.1 = sum.1.saturating_add(row.refunded);
    }
    let totals = sums.iter().map(|(code, (spent, refunded))| {
        let currency: Currency = code.parse().map_err(Problem::internal)?;
        let money = |amount| Money::new(amount, currency);
        Ok(Totals {
            currency,
            spent: money(*spent),
            refunded: money(*refunded),
        })
    });
    let totals = totals.collect::<Result<Vec<_>, Problem>>()?;
    let orders = by_status.values().sum();
    Ok(ApiJson(Analytics {
        user_id,
        orders,
        by_status,
        totals,
    }))
}
