//! `/api/v1/auth`: registering, logging in and out, refreshing, verifying, validating, rotating keys.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chassis::{Problem, auth::Caller, http::ApiJson, problem::FieldErrors};
use chrono::{DateTime, Utc};
use http::{
    StatusCode,
    header::{CACHE_CONTROL, LOCATION},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    actor::Actor,
    refusal,
    source::Source,
    view::{Registered, TokenView},
};
use crate::{
    commands::{Commands, LoggedIn},
    domain::{Email, Name, Password, Permission, Token, access::permissions},
    error::AccountError,
    keys::Keys,
};

#[derive(Deserialize, ToSchema)]
pub(super) struct RegisterRequest {
    #[schema(format = Email, max_length = 254)]
    email: String,
    #[schema(min_length = 12, max_length = 128)]
    password: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct LoginRequest {
    #[schema(format = Email, max_length = 254)]
    email: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct RefreshRequest {
    refresh_token: String,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct VerifyEmailRequest {
    token: String,
}

#[derive(Serialize, ToSchema)]
struct RotatedView {
    kid: String,
    previous_kid: Option<String>,
    previous_published_until: Option<DateTime<Utc>>,
}

/// What a token says and what it allows.
#[derive(Serialize, ToSchema)]
struct Validated {
    claims: Claims,
    permissions: BTreeSet<Permission>,
}

/// The claims of a user's token; a service's has a name as `sub` and nothing else.
#[derive(Default, Serialize, ToSchema)]
struct Claims {
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<String>,
}

impl RegisterRequest {
    /// Everything that is wrong at once. A password can only be judged beside a good address.
    fn parse(self) -> Result<(Email, Name, Password), Problem> {
        let mut errors = FieldErrors::default();
        let email =
            Email::parse(&self.email).map_err(|error| errors.add("email", error.to_string()));
        let name = Name::parse(&self.name).map_err(|error| errors.add("name", error.to_string()));
        let password = email.as_ref().map_err(drop).and_then(|email| {
            Password::choose(self.password, email)
                .map_err(|error| errors.add("password", error.to_string()))
        });
        match (email, name, password) {
            (Ok(email), Ok(name), Ok(password)) => Ok((email, name, password)),
            _ => Err(errors.finish().expect_err("whatever is missing was noted")),
        }
    }
}

/// 201 with the user.
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    request_body = RegisterRequest,
    responses(
        (
            status = 201,
            body = Registered,
            headers(("Location" = String, description = "Where it is."))
        ),
        (status = 409, description = "email_taken"),
        (status = 503, description = "hashing_busy")
    )
)]
pub(super) async fn register(
    State(commands): State<Commands>,
    ApiJson(request): ApiJson<RegisterRequest>,
) -> Result<impl IntoResponse, Problem> {
    let (email, name, password) = request.parse()?;
    let user = commands.register(&email, &name, password).await?;
    let location = [(LOCATION, format!("/api/v1/users/{}", user.id))];
    Ok((
        StatusCode::CREATED,
        location,
        ApiJson(Registered { user: user.into() }),
    ))
}

/// 200 with a pair of tokens.
#[utoipa::path(
    post,
    path = "/api/v1/auth/login",
    request_body = LoginRequest,
    responses(
        (status = 200, body = TokenView),
        (status = 401, description = "credentials_invalid"),
        (status = 429, description = "too_many_attempts"),
        (status = 503, description = "hashing_busy")
    )
)]
pub(super) async fn login(
    State(commands): State<Commands>,
    Source(source): Source,
    ApiJson(request): ApiJson<LoginRequest>,
) -> Result<Response, Problem> {
    let email = Email::parse(&request.email)
        .map_err(|error| Problem::invalid_field("email", error.to_string()))?;
    let password = Password::claimed(request.password);
    Ok(tokens(commands.log_in(&email, password, source).await?))
}

/// 200 with a fresh pair.
#[utoipa::path(
    post,
    path = "/api/v1/auth/refresh",
    request_body = RefreshRequest,
    responses(
        (status = 200, body = TokenView),
        (
            status = 401,
            description = "refresh_token_invalid, refresh_token_expired, refresh_token_reused, session_revoked"
        )
    )
)]
pub(super) async fn refresh(
    State(commands): State<Commands>,
    ApiJson(request): ApiJson<RefreshRequest>,
) -> Result<Response, Problem> {
    let token = Token::parse(&request.refresh_token).ok_or(AccountError::RefreshInvalid)?;
    Ok(tokens(commands.refresh(&token).await?))
}

/// RFC 6749, 5.1: nobody keeps an answer with tokens in it.
fn tokens(logged_in: LoggedIn) -> Response {
    (
        [(CACHE_CONTROL, "no-store")],
        ApiJson(TokenView::from(logged_in)),
    )
        .into_response()
}

/// 204; the session and the token are over.
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    security(("bearer" = [])),
    responses((status = 204), refusal::OfCaller)
)]
pub(super) async fn logout(
    State(commands): State<Commands>,
    actor: Actor,
) -> Result<StatusCode, Problem> {
    commands.log_out(actor.user()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 204; the address is the user's.
#[utoipa::path(
    post,
    path = "/api/v1/auth/verify-email",
    request_body = VerifyEmailRequest,
    responses((status = 204), (status = 422, description = "verification_token_invalid"))
)]
pub(super) async fn verify_email(
    State(commands): State<Commands>,
    ApiJson(request): ApiJson<VerifyEmailRequest>,
) -> Result<StatusCode, Problem> {
    let token = Token::parse(&request.token).ok_or(AccountError::VerificationInvalid)?;
    commands.verify_email(&token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 200 with what the token says and what it allows.
#[utoipa::path(
    get,
    path = "/api/v1/auth/validate",
    security(("bearer" = [])),
    responses((status = 200, body = Validated), (status = 401, description = "token_revoked"))
)]
pub(super) async fn validate(actor: Actor) -> impl IntoResponse {
    let body = Validated {
        claims: Claims::from(&actor.caller),
        permissions: permissions(&actor.caller),
    };
    ([(CACHE_CONTROL, "no-store")], ApiJson(body))
}

impl From<&Caller> for Claims {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::User(user) => Self {
                sub: user.id.to_string(),
                iss: Some(chassis::auth::ISSUER),
                aud: Some(chassis::auth::AUDIENCE),
                exp: Some(user.expires_at),
                jti: Some(user.token_id),
                sid: Some(user.session_id),
                roles: Some(user.roles.clone()),
                tier: Some(user.tier.clone()),
            },
            Caller::Service(name) => Self {
                sub: name.clone(),
                ..Self::default()
            },
        }
    }
}

/// 201 with the id of the new key, and how long the old one stays published.
#[utoipa::path(
    post,
    path = "/api/v1/auth/keys/rotate",
    security(("bearer" = [])),
    responses((status = 201, body = RotatedView), refusal::OfCaller)
)]
pub(super) async fn rotate_keys(
    State(keys): State<Keys>,
    actor: Actor,
) -> Result<impl IntoResponse, Problem> {
    actor.require(Permission::KeysRotate)?;
    let rotation = keys.rotate().await.map_err(AccountError::Signing)?;
    let (previous_kid, previous_published_until) = rotation.previous.unzip();
    let view = RotatedView {
        kid: rotation.kid,
        previous_kid,
        previous_published_until,
    };
    Ok((StatusCode::CREATED, ApiJson(view)))
}
