//! `/api/v1/auth`: registering, logging in and out, refreshing, verifying, validating, rotating keys.

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
use serde_json::{Value, json};

use super::{
    actor::Actor,
    source::Source,
    view::{Registered, TokenView},
};
use crate::{
    commands::{Commands, LoggedIn},
    domain::{Email, Name, Password, Permission, Token, access::permissions},
    error::AccountError,
    keys::Keys,
};

#[derive(Deserialize)]
pub(super) struct RegisterRequest {
    email: String,
    password: String,
    name: String,
}

#[derive(Deserialize)]
pub(super) struct LoginRequest {
    email: String,
    password: String,
}

#[derive(Deserialize)]
pub(super) struct RefreshRequest {
    refresh_token: String,
}

#[derive(Deserialize)]
pub(super) struct VerifyEmailRequest {
    token: String,
}

#[derive(Serialize)]
struct RotatedView {
    kid: String,
    previous_kid: Option<String>,
    previous_published_until: Option<DateTime<Utc>>,
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
pub(super) async fn logout(
    State(commands): State<Commands>,
    actor: Actor,
) -> Result<StatusCode, Problem> {
    commands.log_out(actor.user()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 204; the address is the user's.
pub(super) async fn verify_email(
    State(commands): State<Commands>,
    ApiJson(request): ApiJson<VerifyEmailRequest>,
) -> Result<StatusCode, Problem> {
    let token = Token::parse(&request.token).ok_or(AccountError::VerificationInvalid)?;
    commands.verify_email(&token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 200 with what the token says and what it allows.
pub(super) async fn validate(actor: Actor) -> impl IntoResponse {
    let claims = claims(&actor.caller);
    let body = json!({ "claims": claims, "permissions": permissions(&actor.caller) });
    ([(CACHE_CONTROL, "no-store")], ApiJson(body))
}

fn claims(caller: &Caller) -> Value {
    match caller {
        Caller::User(user) => json!({
            "sub": user.id,
            "iss": chassis::auth::ISSUER,
            "aud": chassis::auth::AUDIENCE,
            "exp": user.expires_at,
            "jti": user.token_id,
            "sid": user.session_id,
            "roles": user.roles,
            "tier": user.tier,
        }),
        Caller::Service(name) => json!({ "sub": name }),
    }
}

/// 201 with the id of the new key, and how long the old one stays published.
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
