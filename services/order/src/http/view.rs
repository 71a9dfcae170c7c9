//! An order as clients see it.

use axum::{
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use chassis::{http::ApiJson, money::Money};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{Line, Status},
    store::orders::OrderRow,
};

/// The JSON of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderView {
    id: Uuid,
    user_id: Uuid,
    #[schema(value_type = Status)]
    status: String,
    cancelling: bool,
    reason: Option<String>,
    detail: Option<String>,
    items: Vec<LineView>,
    total: Money,
    refunded: Money,
    payment_id: Option<Uuid>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LineView {
    #[serde(flatten)]
    line: Line,
    line_total: Money,
}

impl From<&OrderRow> for OrderView {
    fn from(row: &OrderRow) -> Self {
        let currency = row.currency();
        Self {
            id: row.id,
            user_id: row.user_id,
            status: row.status.clone(),
            cancelling: row.cancelling,
            reason: row.reason.clone(),
            detail: row.detail.clone(),
            items: row.items.0.iter().map(LineView::from).collect(),
            total: Money::new(row.total, currency),
            refunded: Money::new(row.refunded, currency),
            payment_id: row.payment_id,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<&Line> for LineView {
    fn from(line: &Line) -> Self {
        let line_total = line
            .unit_price
            .checked_mul(line.quantity)
            .expect("the total was computed from it");
        Self {
            line: line.clone(),
            line_total,
        }
    }
}

/// 201 for an order whose saga ended, 202 for one that is still under way; both say where it is.
pub(super) fn created(row: &OrderRow) -> Response {
    let status = if settled(row) {
        StatusCode::CREATED
    } else {
        StatusCode::ACCEPTED
    };
    let location = format!("/api/v1/orders/{}", row.id);
    (
        status,
        [(LOCATION, location)],
        ApiJson(OrderView::from(row)),
    )
        .into_response()
}

/// 200 for an order that is cancelled, 202 for one that will be.
pub(super) fn changed(row: &OrderRow) -> Response {
    let status = if settled(row) {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    (status, ApiJson(OrderView::from(row))).into_response()
}

fn settled(row: &OrderRow) -> bool {
    row.status != "pending" && !row.cancelling
}
