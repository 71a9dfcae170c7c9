//! The user as the rest of the service sees it: without the password hash.

use chassis::auth::{AUDIENCE, ISSUER, UserClaims};
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Roles, Tier};

chassis::define_id!(
    /// A user.
    UserId
);
chassis::define_id!(
    /// A session: a family of refresh tokens; `sid` of its access tokens.
    SessionId
);

/// An account.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    #[sqlx(try_from = "Vec<String>")]
    pub(crate) roles: Roles,
    #[sqlx(try_from = "String")]
    pub(crate) tier: Tier,
    pub(crate) email_verified: bool,
    /// Of the profile.
    pub(crate) version: i64,
    /// Of the aggregate: number of events so far.
    pub(crate) event_version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl User {
    /// What an access token says about the user: a session's, valid for so many seconds from `now`.
    pub(crate) fn claims(
        &self,
        session: SessionId,
        now: DateTime<Utc>,
        lifetime_s: u32,
    ) -> UserClaims {
        UserClaims {
            sub: self.id.0,
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: now.timestamp(),
            exp: now.timestamp() + i64::from(lifetime_s),
            jti: Uuid::now_v7(),
            sid: session.0,
            roles: self.roles.names().into_iter().map(str::to_owned).collect(),
            tier: self.tier.name().to_owned(),
        }
    }
}
