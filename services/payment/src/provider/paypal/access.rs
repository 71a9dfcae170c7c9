//! Access tokens by client credentials (RFC 6749, section 4.4), kept until shortly before they expire.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chassis::{client::EdgeClient, config::Secret};
use http::header;
use serde::Deserialize;

use crate::provider::{ChargeOutcome, classify};

/// The merchant's public name at PayPal; the secret is what proves it.
const CLIENT_ID: &str = "faultline";

/// A token is not used in its last minute, so that it does not expire on its way.
const MARGIN: Duration = Duration::from_secs(60);

pub(super) struct Access {
    secret: Secret,
    kept: Mutex<Option<(Secret, Instant)>>,
}

#[derive(Deserialize)]
struct Grant {
    access_token: String,
    expires_in: u64,
}

impl Access {
    pub(super) fn new(secret: Secret) -> Self {
        Self {
            secret,
            kept: Mutex::new(None),
        }
    }

    /// The kept token, or a new one. Callers at the same moment may each get one; the last is kept. Getting none means
    /// that the call which needed it was not made.
    pub(super) async fn token(&self, client: &EdgeClient) -> Result<Secret, ChargeOutcome> {
        if let Some(token) = self.kept() {
            return Ok(token);
        }
        let credentials = format!("{CLIENT_ID}:{}", self.secret.expose());
        let basic = format!("Basic {}", BASE64_STANDARD.encode(credentials));
        let call = client
            .post("/v1/oauth2/token")
            .header(header::AUTHORIZATION, &basic)
            .body(
                "application/x-www-form-urlencoded",
                "grant_type=client_credentials",
            )
            .idempotent();
        let reply = call
            .send()
            .await
            .map_err(|error| not_made(classify::failed_call(&error)))?;
        let grant: Grant = reply.json().map_err(|error| ChargeOutcome::NotProcessed {
            why: format!("no access token: {error}"),
            may_fail_over: true,
        })?;
        let token = Secret::new(grant.access_token);
        let lifetime = Duration::from_secs(grant.expires_in).saturating_sub(MARGIN);
        *self.lock() = Instant::now()
            .checked_add(lifetime)
            .map(|until| (token.clone(), until));
        Ok(token)
    }

    /// After a 401: the provider changed its mind about the token.
    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    fn kept(&self) -> Option<Secret> {
        let kept = self.lock();
        kept.as_ref()
            .filter(|(_, until)| Instant::now() < *until)
            .map(|(token, _)| token.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Secret, Instant)>> {
        // A replaced value cannot be left half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whatever became of asking for a token, no payment was asked for.
fn not_made(outcome: ChargeOutcome) -> ChargeOutcome {
    match outcome {
        ChargeOutcome::Unknown { why, .. } => ChargeOutcome::NotProcessed {
            why,
            may_fail_over: true,
        },
        other => other,
    }
}
