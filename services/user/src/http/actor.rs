//! Who acts: the chassis's caller, minus those whose token was revoked, plus what they may do here.

use axum::extract::{FromRef as _, FromRequestParts};
use chassis::{
    Problem,
    auth::{Caller, User},
};
use http::request::Parts;

use crate::{
    app::AppState,
    commands::Commands,
    domain::{Permission, UserId, access::permissions},
    error::AccountError,
};

/// Taking one is what protects a route.
pub(super) struct Actor {
    pub(super) caller: Caller,
}

impl Actor {
    /// The person; a service has no account.
    pub(super) fn user(&self) -> Result<&User, Problem> {
        self.caller.user()
    }

    /// The person's account.
    pub(super) fn own_id(&self) -> Result<UserId, Problem> {
        self.user().map(|user| UserId(user.id))
    }

    /// Lets those pass who hold the permission.
    pub(super) fn require(&self, permission: Permission) -> Result<(), AccountError> {
        if self.holds(permission) {
            Ok(())
        } else {
            Err(AccountError::PermissionMissing)
        }
    }

    /// Lets the account's owner pass, and those who hold the permission for all. A person who may not hears "no such
    /// user", because what exists is not theirs to know; a service is told that it may not.
    pub(super) fn require_for(
        &self,
        id: UserId,
        permission: Permission,
    ) -> Result<(), AccountError> {
        let own = matches!(&self.caller, Caller::User(user) if user.id == id.0);
        match &self.caller {
            _ if own || self.holds(permission) => Ok(()),
            Caller::User(_) => Err(AccountError::UserNotFound),
            Caller::Service(_) => Err(AccountError::PermissionMissing),
        }
    }

    fn holds(&self, permission: Permission) -> bool {
        permissions(&self.caller).contains(&permission)
    }
}

impl FromRequestParts<AppState> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if let Caller::User(user) = &caller
            && Commands::from_ref(state).is_revoked(user).await?
        {
            return Err(Problem::unauthorized(
                "token_revoked",
                "The access token was revoked; log in again.",
            ));
        }
        Ok(Self { caller })
    }
}
