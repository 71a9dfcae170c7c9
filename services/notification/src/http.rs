//! Routes: what I was sent, and what I want to be sent.

use axum::{Router, extract::State};
use chassis::{
    Problem,
    auth::Caller,
    http::{ApiJson, ApiQuery, Page},
    openapi::{self, About},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    domain::Preferences,
    store::{Sent, Store},
};

const ABOUT: About = About {
    name: "notification",
    description: "Mails to customers: what was sent, and what they want to be sent.",
    store_away: &["redis_unavailable"],
};

/// All routes, with their description.
pub(crate) fn router() -> Router<AppState> {
    openapi::serve(&ABOUT, api())
}

/// The API as an OpenAPI document.
pub fn document() -> Value {
    openapi::document(&ABOUT, api())
}

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(preferences, set_preferences))
}

/// Mails that were sent, newest first.
#[derive(Serialize, ToSchema)]
struct Listed {
    items: Vec<Sent>,
    page: u32,
    limit: u32,
    total: i64,
}

#[utoipa::path(
    get,
    path = "/api/v1/notifications",
    security(("bearer" = [])),
    params(Page),
    responses((status = 200, body = Listed), (status = 403, description = "role_missing"))
)]
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

#[utoipa::path(
    get,
    path = "/api/v1/notifications/preferences",
    security(("bearer" = [])),
    responses((status = 200, body = Preferences), (status = 403, description = "role_missing"))
)]
async fn preferences(
    State(store): State<Store>,
    caller: Caller,
) -> Result<ApiJson<Preferences>, Problem> {
    Ok(ApiJson(
        store.preferences(caller.user()?.id).await.map_err(away)?,
    ))
}

#[utoipa::path(
    put,
    path = "/api/v1/notifications/preferences",
    security(("bearer" = [])),
    request_body = Preferences,
    responses((status = 200, body = Preferences), (status = 403, description = "role_missing"))
)]
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
