//! Routes: what I was sent, and what I want to be sent.

use axum::{Router, extract::State, routing::get};
use chassis::{
    Problem,
    auth::Caller,
    http::{ApiJson, ApiQuery, Page},
};
use serde::Serialize;

use crate::{
    app::AppState,
    domain::Preferences,
    store::{Sent, Store},
};

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/notifications", get(list))
        .route(
            "/api/v1/notifications/preferences",
            get(preferences).put(set_preferences),
        )
}

#[derive(Serialize)]
struct Listed {
    items: Vec<Sent>,
    page: u32,
    limit: u32,
    total: i64,
}

async fn list(
    State(store): State<Store>,
    caller: Caller,
    ApiQuery(page): ApiQuery<Page>,
) -> Result<ApiJson<Listed>, Problem> {
    let window = page.limit_offset()?;
    let (items, total) = store
        .history(caller.user()?.id, window)
        .await
        .map_err(away)?;
    Ok(ApiJson(Listed {
        items,
        page: page.page,
        limit: page.limit,
        total,
    }))
}

async fn preferences(
    State(store): State<Store>,
    caller: Caller,
) -> Result<ApiJson<Preferences>, Problem> {
    Ok(ApiJson(
        store.preferences(caller.user()?.id).await.map_err(away)?,
    ))
}

async fn set_preferences(
    State(store): State<Store>,
    caller: Caller,
    ApiJson(wanted): ApiJson<Preferences>,
) -> Result<ApiJson<Preferences>, Problem> {
    store
        .set_preferences(caller.user()?.id, wanted)
        .await
        .map_err(away)?;
    Ok(ApiJson(wanted))
}

fn away(error: redis::RedisError) -> Problem {
    let wait = std::time::Duration::from_secs(1);
    Problem::unavailable("redis_unavailable", wait).caused_by(error)
}
