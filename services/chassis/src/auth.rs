//! Who calls: bearer tokens of users (RS256, checked against the JWKS of the user service) and of services (HS256,
//! made by the caller itself, one minute long).
//!
//! Every service checks the token itself; nobody trusts a header because of where it came from. A token's algorithm
//! selects the *kind of key*, never the key: an HS256 token is only ever checked with the service key, so that the public
//! RSA key cannot be abused as an HMAC secret, and `alg: none` matches neither.

mod caller;
mod jwks;
mod service_token;

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Header, decode_header};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

pub use self::{
    caller::{Caller, User, bearer},
    jwks::{HttpKeys, KeySource, StaticKeys},
    service_token::ServiceTokens,
};
use crate::Problem;

/// Issuer of the tokens of users.
pub const ISSUER: &str = "faultline/user";
/// Audience of the tokens of users.
pub const AUDIENCE: &str = "faultline";

/// Claims of a user's access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserClaims {
    /// The user.
    pub sub: Uuid,
    /// [`ISSUER`].
    pub iss: String,
    /// [`AUDIENCE`].
    pub aud: String,
    /// Seconds since the epoch.
    pub iat: i64,
    /// Seconds since the epoch.
    pub exp: i64,
    /// Id of the token, for revocation.
    pub jti: Uuid,
    /// Id of the session: the family of refresh tokens that this token came from.
    pub sid: Uuid,
    /// For example `customer`, `admin`.
    pub roles: Vec<String>,
    /// Rate limit tier: `standard` or `premium`.
    pub tier: String,
}

/// Why a token was refused. The client is told the kind, never the details.
#[derive(Debug, Error)]
pub enum AuthError {
    /// No `Authorization: Bearer` header.
    #[error("no bearer token")]
    Missing,
    /// Malformed, wrong algorithm, unknown key, bad signature, wrong issuer or audience.
    #[error("token not acceptable")]
    Invalid(#[source] anyhow::Error),
    /// Past its time.
    #[error("token expired")]
    Expired,
    /// The keys could not be fetched, so nothing can be said about the token.
    #[error("keys of the user service are not available")]
    KeysUnavailable(#[source] anyhow::Error),
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Missing => Self::unauthorized(
                "token_missing",
                "Send an access token: Authorization: Bearer …",
            ),
            AuthError::Expired => Self::unauthorized(
                "token_expired",
                "The access token has expired; get a new one with the refresh token.",
            ),
            AuthError::Invalid(_) => {
                Self::unauthorized("token_invalid", "The access token is not acceptable.")
            }
            AuthError::KeysUnavailable(cause) => {
                Self::unavailable("keys_unavailable", std::time::Duration::from_secs(1))
                    .caused_by(cause)
            }
        }
    }
}

impl From<jsonwebtoken::errors::Error> for AuthError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        match error.kind() {
            jsonwebtoken::errors::ErrorKind::ExpiredSignature => Self::Expired,
            _ => Self::Invalid(error.into()),
        }
    }
}

/// Checks bearer tokens.
#[derive(Clone)]
pub struct Verifier {
    keys: Arc<dyn KeySource>,
    services: ServiceTokens,
}

impl Verifier {
    /// A verifier that takes users' keys from `keys` and accepts services that hold the shared key.
    pub fn new(keys: Arc<dyn KeySource>, services: ServiceTokens) -> Self {
        Self { keys, services }
    }

    /// The usual one: `JWKS_URL` and `SERVICE_TOKEN_KEY` from the environment.
    ///
    /// # Errors
    /// A variable is missing.
    pub fn from_env(context: &crate::service::Context) -> anyhow::Result<Self> {
        let keys = HttpKeys::from_env(context)?;
        Ok(Self::new(
            Arc::new(keys),
            ServiceTokens::from_env(context.config.name, &context.env)?,
        ))
    }

    /// Who sent this token?
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn verify(&self, token: &str) -> Result<Caller, AuthError> {
        let header = decode_header(token)?;
        match header.alg {
            Algorithm::RS256 => self.verify_user(token, &header).await.map(Caller::User),
            Algorithm::HS256 => self.services.verify(token).map(Caller::Service),
            other => Err(AuthError::Invalid(anyhow::anyhow!("algorithm {other:?}"))),
        }
    }

    async fn verify_user(&self, token: &str, header: &Header) -> Result<User, AuthError> {
        let kid = header
            .kid
            .as_deref()
            .ok_or_else(|| AuthError::Invalid(anyhow::anyhow!("no kid")))?;
        let key = self.keys.key(kid).await?;
        let mut validation = jsonwebtoken::Validation::new(Algorithm::RS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // All services share this machine's clock; a leeway would only make expiry fuzzy.
        validation.leeway = 0;
        let data = jsonwebtoken::decode::<UserClaims>(token, &key, &validation)?;
        Ok(User::from(data.claims))
    }
}

#[cfg(test)]
mod tests;
