//! For operators: stuck sagas, and the read model against its events.

use axum::{extract::State, http::StatusCode};
use chassis::{
    Problem,
    auth::Caller,
    db::Db,
    http::{ApiJson, ApiPath},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::AppState,
    domain::OrderId,
    error::Error,
    store::{
        read_model::{self, Comparison},
        sagas,
    },
};

/// Gives a stuck saga a fresh set of attempts; the worker takes it from there.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/resume",
    security(("bearer" = [])),
    params(("id" = inline(OrderId), Path)),
    responses(
        (status = 202, description = "The worker takes it from there."),
        (status = 403, description = "role_missing"),
        (status = 409, description = "saga_not_stuck")
    )
)]
pub(super) async fn resume(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<OrderId>,
) -> Result<StatusCode, Problem> {
    caller.require_role("admin")?;
    let mut conn = state.pool.acquire().await?;
    if sagas::resume(&mut conn, id).await? {
        Ok(StatusCode::ACCEPTED)
    } else {
        Err(Error::NotStuck.into())
    }
}

/// Replays every stream and names the orders whose row says something else.
#[utoipa::path(
    get,
    path = "/api/v1/orders/read-model",
    security(("bearer" = [])),
    responses((status = 200, body = Comparison), (status = 403, description = "role_missing"))
)]
pub(super) async fn compare(
    State(pool): State<Db>,
    caller: Caller,
) -> Result<ApiJson<Comparison>, Problem> {
    caller.require_role("admin")?;
    Ok(ApiJson(read_model::compare(&pool).await?))
}

#[derive(Serialize, ToSchema)]
pub(super) struct Rebuilt {
    orders: usize,
}

/// Throws the read model away and makes it again from the events.
#[utoipa::path(
    post,
    path = "/api/v1/orders/read-model/rebuild",
    security(("bearer" = [])),
    responses((status = 200, body = Rebuilt), (status = 403, description = "role_missing"))
)]
pub(super) async fn rebuild(
    State(pool): State<Db>,
    caller: Caller,
) -> Result<ApiJson<Rebuilt>, Problem> {
    caller.require_role("admin")?;
    Ok(ApiJson(Rebuilt {
        orders: read_model::rebuild(&pool).await?,
    }))
}
