//! `/api/v1/users`: profiles, for their owners, administrators and services.

use std::collections::{BTreeSet, HashMap};

use axum::{extract::State, response::IntoResponse};
use chassis::{
    Problem,
    db::Db,
    http::{ApiJson, ApiPath},
    problem::FieldErrors,
};
use http::{StatusCode, header::CACHE_CONTROL};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{actor::Actor, refusal, view::UserView};
use crate::{
    commands::Commands,
    domain::{Email, Name, Permission, Role, Roles, Tier, User, UserId},
    error::AccountError,
    store::users::{self, Changes},
};

/// As many as a page can show; a longer list is asked for in parts.
const BATCH_MAX: usize = 100;

/// A member that is absent or null stays as it is.
#[derive(Deserialize, ToSchema)]
pub(super) struct PatchRequest {
    #[schema(format = Email, max_length = 254)]
    email: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    tier: Option<Tier>,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct BatchRequest {
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct BatchView {
    items: Vec<UserView>,
    missing: Vec<Uuid>,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct RolesRequest {
    #[schema(min_items = 1)]
    roles: Vec<Role>,
}

impl PatchRequest {
    fn parse(self) -> Result<Changes, Problem> {
        let mut errors = FieldErrors::default();
        let email = self.email.and_then(|text| {
            Email::parse(&text)
                .map_err(|error| errors.add("email", error.to_string()))
                .ok()
        });
        let name = self.name.and_then(|text| {
            Name::parse(&text)
                .map_err(|error| errors.add("name", error.to_string()))
                .ok()
        });
        errors.finish()?;
        Ok(Changes {
            email,
            name,
            tier: self.tier,
        })
    }
}

/// Personal data is nobody's to keep.
fn private(user: User) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], ApiJson(UserView::from(user)))
}

#[utoipa::path(
    get,
    path = "/api/v1/users/me",
    security(("bearer" = [])),
    responses((status = 200, body = UserView), refusal::OfUser)
)]
pub(super) async fn get_me(
    State(pool): State<Db>,
    actor: Actor,
) -> Result<impl IntoResponse, Problem> {
    find(&pool, actor.own_id()?).await.map(private)
}

#[utoipa::path(
    get,
    path = "/api/v1/users/{id}",
    security(("bearer" = [])),
    params(("id" = UserId, Path)),
    responses((status = 200, body = UserView), refusal::OfUser)
)]
pub(super) async fn get(
    State(pool): State<Db>,
    actor: Actor,
    ApiPath(id): ApiPath<UserId>,
) -> Result<impl IntoResponse, Problem> {
    actor.require_for(id, Permission::UsersRead)?;
    find(&pool, id).await.map(private)
}

async fn find(pool: &Db, id: UserId) -> Result<User, Problem> {
    let user = users::get(&mut *pool.acquire().await?, id).await?;
    Ok(user.ok_or(AccountError::UserNotFound)?)
}

#[utoipa::path(
    patch,
    path = "/api/v1/users/me",
    security(("bearer" = [])),
    request_body = PatchRequest,
    responses(
        (status = 200, body = UserView),
        refusal::OfUser,
        (status = 409, description = "email_taken")
    )
)]
pub(super) async fn patch_me(
    State(commands): State<Commands>,
    actor: Actor,
    ApiJson(request): ApiJson<PatchRequest>,
) -> Result<impl IntoResponse, Problem> {
    let id = actor.own_id()?;
    change(&commands, &actor, id, request).await.map(private)
}

#[utoipa::path(
    patch,
    path = "/api/v1/users/{id}",
    security(("bearer" = [])),
    params(("id" = UserId, Path)),
    request_body = PatchRequest,
    responses(
        (status = 200, body = UserView),
        refusal::OfUser,
        (status = 409, description = "email_taken")
    )
)]
pub(super) async fn patch(
    State(commands): State<Commands>,
    actor: Actor,
    ApiPath(id): ApiPath<UserId>,
    ApiJson(request): ApiJson<PatchRequest>,
) -> Result<impl IntoResponse, Problem> {
    actor.require_for(id, Permission::UsersWrite)?;
    change(&commands, &actor, id, request).await.map(private)
}

/// The tier is not the user's own to choose.
async fn change(
    commands: &Commands,
    actor: &Actor,
    id: UserId,
    request: PatchRequest,
) -> Result<User, Problem> {
    if request.tier.is_some() {
        actor.require(Permission::UsersWrite)?;
    }
    Ok(commands.change(id, request.parse()?).await?)
}

#[utoipa::path(
    delete,
    path = "/api/v1/users/me",
    security(("bearer" = [])),
    responses((status = 204), refusal::OfUser)
)]
pub(super) async fn delete_me(
    State(commands): State<Commands>,
    actor: Actor,
) -> Result<StatusCode, Problem> {
    commands.delete(actor.own_id()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}",
    security(("bearer" = [])),
    params(("id" = UserId, Path)),
    responses((status = 204), refusal::OfUser)
)]
pub(super) async fn delete(
    State(commands): State<Commands>,
    actor: Actor,
    ApiPath(id): ApiPath<UserId>,
) -> Result<StatusCode, Problem> {
    actor.require_for(id, Permission::UsersWrite)?;
    commands.delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Users in the order asked for, and the ids that name none.
#[utoipa::path(
    post,
    path = "/api/v1/users/batch",
    security(("bearer" = [])),
    request_body = BatchRequest,
    responses((status = 200, body = BatchView), refusal::OfCaller)
)]
pub(super) async fn batch(
    State(pool): State<Db>,
    actor: Actor,
    ApiJson(request): ApiJson<BatchRequest>,
) -> Result<impl IntoResponse, Problem> {
    actor.require(Permission::UsersRead)?;
    if !(1..=BATCH_MAX).contains(&request.ids.len()) {
        return Err(Problem::invalid_field(
            "ids",
            format!("must be 1 to {BATCH_MAX} ids"),
        ));
    }
    let found = users::get_many(&mut *pool.acquire().await?, &request.ids).await?;
    Ok((
        [(CACHE_CONTROL, "no-store")],
        ApiJson(batch_view(&request.ids, found)),
    ))
}

fn batch_view(ids: &[Uuid], found: Vec<User>) -> BatchView {
    let mut view = BatchView {
        items: Vec::with_capacity(found.len()),
        missing: Vec::new(),
    };
    let mut seen = BTreeSet::new();
    let mut found: HashMap<_, _> = found.into_iter().map(|user| (user.id.0, user)).collect();
    for id in ids.iter().filter(|id| seen.insert(**id)) {
        match found.remove(id) {
            Some(user) => view.items.push(user.into()),
            None => view.missing.push(*id),
        }
    }
    view
}

/// Replaces all roles.
#[utoipa::path(
    put,
    path = "/api/v1/users/{id}/roles",
    security(("bearer" = [])),
    params(("id" = UserId, Path)),
    request_body = RolesRequest,
    responses((status = 200, body = UserView), refusal::OfUser)
)]
pub(super) async fn put_roles(
    State(commands): State<Commands>,
    actor: Actor,
    ApiPath(id): ApiPath<UserId>,
    ApiJson(request): ApiJson<RolesRequest>,
) -> Result<impl IntoResponse, Problem> {
    actor.require(Permission::RolesWrite)?;
    let roles = Roles::from_iter(request.roles);
    if roles.is_empty() {
        return Err(Problem::invalid_field(
            "roles",
            "must name at least one role",
        ));
    }
    Ok(private(commands.set_roles(id, &roles).await?))
}
