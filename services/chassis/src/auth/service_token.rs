//! Tokens of services: short HS256 tokens that the caller makes itself from a key which only services hold.
//!
//! No network call and no service on which all others would depend; see docs/adr/.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::AuthError;
use crate::config::{ConfigError, Env, Secret};

const ISSUER: &str = "faultline/services";
/// Long enough for a slow call, short enough that a leaked one is worth little.
const LIFETIME: Duration = Duration::from_secs(60);
/// HS256 wants a key at least as long as its hash (RFC 7518, section 3.2).
const KEY_BYTES_MIN: usize = 32;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    iat: i64,
    exp: i64,
}

/// Makes and checks tokens of services. Cloning gives another handle on the same keys.
#[derive(Clone)]
pub struct ServiceTokens {
    name: &'static str,
    keys: Arc<Keys>,
}

struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl ServiceTokens {
    /// Tokens for the service `name`.
    ///
    /// # Errors
    /// The key is shorter than 32 bytes.
    pub fn new(name: &'static str, key: &Secret) -> Result<Self, ConfigError> {
        let bytes = key.expose().as_bytes();
        if bytes.len() < KEY_BYTES_MIN {
            return Err(ConfigError::Invalid {
                name: "SERVICE_TOKEN_KEY".to_owned(),
                reason: format!(
                    "{} bytes are too few; use at least {KEY_BYTES_MIN}",
                    bytes.len()
                ),
            });
        }
        Ok(Self {
            name,
            keys: Arc::new(Keys {
                encoding: EncodingKey::from_secret(bytes),
                decoding: DecodingKey::from_secret(bytes),
            }),
        })
    }

    /// Reads `SERVICE_TOKEN_KEY`.
    ///
    /// # Errors
    /// It is missing or too short.
    pub fn from_env(name: &'static str, env: &Env) -> Result<Self, ConfigError> {
        Self::new(
            name,
            &env.secret("SERVICE_TOKEN_KEY", "at least 32 random characters")?,
        )
    }

    /// A fresh token of this service.
    pub fn issue(&self) -> String {
        let now = Utc::now().timestamp();
        let lifetime = i64::try_from(LIFETIME.as_secs()).expect("a minute fits");
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: self.name.to_owned(),
            iat: now,
            exp: now + lifetime,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.keys.encoding)
            .expect("signing plain claims with a symmetric key does not fail")
    }

    /// The name of the service that made the token.
    pub(super) fn verify(&self, token: &str) -> Result<String, AuthError> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.leeway = 0;
        Ok(
            jsonwebtoken::decode::<Claims>(token, &self.keys.decoding, &validation)?
                .claims
                .sub,
        )
    }
}
