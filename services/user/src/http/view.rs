//! What clients see of users. A type of its own, so that a new column is not published by accident.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    commands::LoggedIn,
    domain::{Roles, Tier, User, UserId},
};

/// A user.
#[derive(Serialize, ToSchema)]
pub(super) struct UserView {
    id: UserId,
    email: String,
    name: String,
    roles: Roles,
    tier: Tier,
    email_verified: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
            roles: user.roles,
            tier: user.tier,
            email_verified: user.email_verified,
            created_at: user.created_at,
            updated_at: user.updated_at,
            version: user.version,
        }
    }
}

/// Answer to a registration.
#[derive(Serialize, ToSchema)]
pub(super) struct Registered {
    pub(super) user: UserView,
}

/// Answer to a login or a refresh: RFC 6749, 5.1, and the user.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenView {
    access_token: String,
    #[schema(pattern = "^Bearer$")]
    token_type: &'static str,
    /// Seconds.
    expires_in: u32,
    refresh_token: String,
    user: UserView,
}

impl From<LoggedIn> for TokenView {
    fn from(logged_in: LoggedIn) -> Self {
        Self {
            access_token: logged_in.access_token,
            token_type: "Bearer",
            expires_in: logged_in.expires_in_s,
            refresh_token: logged_in.refresh_token.to_text(),
            user: logged_in.user.into(),
        }
    }
}
