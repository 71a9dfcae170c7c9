//! What can go wrong with an account, and how it looks from outside. The one place that maps the one to the other.

use std::time::Duration;

use chassis::{Problem, db};
use http::StatusCode;
use thiserror::Error;

use crate::hasher::HashError;

/// Hashing a password takes some ten milliseconds: a second later the queue is another one.
const HASHING_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A refused operation.
#[derive(Debug, Error)]
pub(crate) enum AccountError {
    #[error("the e-mail address belongs to another account")]
    EmailTaken,
    #[error("unknown e-mail address or wrong password")]
    CredentialsInvalid,
    #[error("too many login attempts")]
    TooManyAttempts(Duration),
    #[error("unknown refresh token")]
    RefreshInvalid,
    #[error("expired refresh token")]
    RefreshExpired,
    #[error("refresh token used a second time")]
    RefreshReused,
    #[error("the session is over")]
    SessionRevoked,
    #[error("unknown, used or expired verification token")]
    VerificationInvalid,
    #[error("no such user")]
    UserNotFound,
    #[error("a permission is missing")]
    PermissionMissing,
    #[error("the access token could not be signed")]
    Signing(#[source] anyhow::Error),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        match db::constraint(&error) {
            Some("users_email_unique") => Self::EmailTaken,
            _ => Self::Database(error),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::EmailTaken => Self::conflict(
                "email_taken",
                "There is an account with this e-mail address already.",
            ),
            AccountError::CredentialsInvalid => Self::unauthorized(
                "credentials_invalid",
                "There is no account with this e-mail address and password.",
            ),
            AccountError::TooManyAttempts(wait) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                "Too many login attempts for this account. Try again later.",
            )
            .retry_after(wait),
            AccountError::RefreshInvalid => Self::unauthorized(
                "refresh_token_invalid",
                "The refresh token is not acceptable.",
            ),
            AccountError::RefreshExpired => Self::unauthorized(
                "refresh_token_expired",
                "The refresh token has expired; log in again.",
            ),
            AccountError::RefreshReused => Self::unauthorized(
                "refresh_token_reused",
                "The refresh token was used before. Its session has been ended; log in again.",
            ),
            AccountError::SessionRevoked => Self::unauthorized(
                "session_revoked",
                "The session has been ended; log in again.",
            ),
            AccountError::VerificationInvalid => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "verification_token_invalid",
                "The verification token is unknown, was used before, or has expired.",
            ),
            AccountError::UserNotFound => {
                Self::not_found("user_not_found", "There is no such user.")
            }
            AccountError::PermissionMissing => Self::forbidden(
                "role_missing",
                "Your account does not have the role that this needs.",
            ),
            AccountError::Hash(HashError::Busy) => {
                Self::unavailable("hashing_busy", HASHING_RETRY_AFTER)
            }
            AccountError::Hash(error @ HashError::Failed(_)) => Self::internal(error),
            AccountError::Database(error) => error.into(),
            AccountError::Signing(error) => match error.downcast::<sqlx::Error>() {
                Ok(error) => error.into(),
                Err(error) => Self::internal(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_hasher_is_retryable_and_a_broken_one_is_not_the_clients_fault() {
        let busy = Problem::from(AccountError::Hash(HashError::Busy));
        assert_eq!((busy.status().as_u16(), busy.code()), (503, "hashing_busy"));
        let failed = HashError::Failed(anyhow::anyhow!("$argon2id$secret"));
        assert_eq!(
            Problem::from(AccountError::Hash(failed)).status().as_u16(),
            500
        );
    }
}
