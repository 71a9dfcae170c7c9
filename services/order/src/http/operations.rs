//! For operators: stuck sagas, and the read model against its events.

use axum::{extract::State, http::StatusCode};
use chassis::{
    Problem,
    auth::Caller,
    db::Db,
    http::{ApiJson, ApiPath},
};
use serde::Serialize;

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
pub(super) async fn compare(
    State(pool): State<Db>,
    caller: Caller,
) -> Result<ApiJson<Comparison>, Problem> {
    caller.require_role("admin")?;
    Ok(ApiJson(read_model::compare(&pool).await?))
}

#[derive(Serialize)]
pub(super) struct Rebuilt {
    orders: usize,
}

/// Throws the read model away and makes it again from the events.
pub(super) async fn rebuild(
    State(pool): State<Db>,
    caller: Caller,
) -> Result<ApiJson<Rebuilt>, Problem> {
    caller.require_role("admin")?;
    Ok(ApiJson(Rebuilt {
        orders: read_model::rebuild(&pool).await?,
    }))
}
