//! What happens to an order after it was made: cancelled by its customer, shipped and delivered by the shop.

use axum::{extract::State, response::Response};
use chassis::{
    Problem,
    auth::Caller,
    http::{ApiJson, ApiPath},
    telemetry::request::RequestContext,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    read,
    view::{self, OrderView},
};
use crate::{
    app::AppState,
    domain::{OrderId, Status},
    error::Error,
    saga::{runner::End, span::ORDER_ID},
    store::{orders, stream},
};

/// Longest reason; a sentence or two.
const REASON_CHARS_MAX: usize = 500;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Cancel {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Undoes the order: the saga turns round and runs back. 200 when it is done, 202 when it takes longer.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/cancel",
    security(("bearer" = [])),
    params(("id" = inline(OrderId), Path)),
    request_body = Cancel,
    responses(
        (status = 200, body = OrderView, description = "Cancelled."),
        (status = 202, body = OrderView, description = "Being cancelled."),
        (status = 404, description = "order_not_found"),
        (status = 409, description = "order_cancelling, order_changed, order_state_conflict")
    )
)]
pub(super) async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<OrderId>,
    ApiJson(cancel): ApiJson<Cancel>,
) -> Result<Response, Problem> {
    let reason = plain_text(&cancel.reason)?;
    read::visible(&state.pool, &caller, id).await?;
    RequestContext::note(ORDER_ID, id);
    let (order, saga) = state.runner.begin_cancellation(id, reason).await?;
    let runner = state.runner.clone();
    let running = state
        .tasks
        .detach(async move { runner.run(order, saga).await });
    let ended = tokio::time::timeout(state.runner.config.request_deadline, running).await;
    if let Ok(Ok(Ok(End::Finished(row)))) = ended {
        return Ok(view::changed(&row));
    }
    let row = orders::find(&mut *state.pool.acquire().await?, id)
        .await?
        .ok_or(Error::NotFound)?;
    Ok(view::changed(&row))
}

fn plain_text(reason: &str) -> Result<&str, Problem> {
    let reason = reason.trim();
    let plain = !reason.is_empty()
        && reason.chars().count() <= REASON_CHARS_MAX
        && !reason.chars().any(char::is_control);
    plain.then_some(reason).ok_or_else(|| {
        let message = format!("must be 1 to {REASON_CHARS_MAX} characters of plain text");
        Problem::invalid_field("reason", message)
    })
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SetStatus {
    status: Status,
}

/// Shipped, delivered. Everything else happens through the saga.
#[utoipa::path(
    patch,
    path = "/api/v1/orders/{id}/status",
    security(("bearer" = [])),
    params(("id" = inline(OrderId), Path)),
    request_body = SetStatus,
    responses(
        (status = 200, body = OrderView),
        (status = 403, description = "role_missing"),
        (status = 404, description = "order_not_found"),
        (status = 409, description = "order_cancelling, order_changed, order_state_conflict")
    )
)]
pub(super) async fn set_status(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<OrderId>,
    ApiJson(to): ApiJson<SetStatus>,
) -> Result<ApiJson<OrderView>, Problem> {
    caller.require_role("admin")?;
    let mut tx = state.pool.begin().await?;
    let mut order = orders::lock(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let event = order.advance(to.status).map_err(Error::from)?;
    let row = stream::record(&mut tx, &mut order, event).await?;
    tx.commit().await?;
    state.runner.outbox.wake();
    Ok(ApiJson(OrderView::from(&row)))
}
