//! The caller of a request, as an extractor: taking a [`Caller`] is what protects a route.

use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, header, request::Parts};
use uuid::Uuid;

use super::{AuthError, UserClaims, Verifier};
use crate::{
    Problem,
    telemetry::{USER_ID, request::RequestContext},
};

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A person.
    User(User),
    /// Another service, by name.
    Service(String),
}

/// A person, as the access token describes them.
#[derive(Clone, Debug)]
pub struct User {
    /// Id of the user.
    pub id: Uuid,
    /// Roles held.
    pub roles: Vec<String>,
    /// Rate limit tier.
    pub tier: String,
    /// Id of the access token.
    pub token_id: Uuid,
    /// Session that the token belongs to.
    pub session_id: Uuid,
    /// When the token expires, seconds since the epoch.
    pub expires_at: i64,
}

impl From<UserClaims> for User {
    fn from(claims: UserClaims) -> Self {
        Self {
            id: claims.sub,
            roles: claims.roles,
            tier: claims.tier,
            token_id: claims.jti,
            session_id: claims.sid,
            expires_at: claims.exp,
        }
    }
}

impl User {
    /// Whether the user holds a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}

impl Caller {
    /// The user; a service has no business on a route for people.
    ///
    /// # Errors
    /// 403.
    pub fn user(&self) -> Result<&User, Problem> {
        match self {
            Self::User(user) => Ok(user),
            Self::Service(_) => Err(forbidden()),
        }
    }

    /// Lets users with a role and services pass.
    ///
    /// # Errors
    /// 403.
    pub fn require_role(&self, role: &str) -> Result<(), Problem> {
        if self.has_role(role) {
            Ok(())
        } else {
            Err(forbidden())
        }
    }

    /// Whether this is a service, or a user with the role.
    pub fn has_role(&self, role: &str) -> bool {
        match self {
            Self::User(user) => user.has_role(role),
            Self::Service(_) => true,
        }
    }

    /// Lets only services pass.
    ///
    /// # Errors
    /// 403.
    pub fn require_service(&self) -> Result<&str, Problem> {
        match self {
            Self::Service(name) => Ok(name),
            Self::User(_) => Err(forbidden()),
        }
    }

    /// Whether something that belongs to `owner` may be seen: by its owner, by administrators and by services. A
    /// handler answers 404, not 403, when it may not: a stranger should not learn what exists.
    pub fn may_see(&self, owner: Uuid) -> bool {
        match self {
            Self::User(user) => user.id == owner || user.has_role("admin"),
            Self::Service(_) => true,
        }
    }
}

fn forbidden() -> Problem {
    Problem::forbidden(
        "role_missing",
        "Your account does not have the role that this needs.",
    )
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or(AuthError::Missing)?;
        let caller = Verifier::from_ref(state).verify(token).await?;
        if let Self::User(user) = &caller {
            RequestContext::note(USER_ID, user.id);
        }
        Ok(caller)
    }
}
