//! Who may ask: the secret API key, and the access tokens that it buys at PayPal's side.

use aws_lc_rs::{constant_time, hmac};
use axum::http::{HeaderMap, header};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chassis::config::Secret;
use chrono::{DateTime, TimeDelta, Utc};

/// How long an access token is good for: PayPal's nine hours.
pub(super) const ACCESS_TOKEN_SECONDS: i64 = 32_400;

/// Checks credentials. Access tokens are signed, not stored: they outlive a restart.
pub(crate) struct Keys {
    api_key: Secret,
    token_key: hmac::Key,
}

impl Keys {
    pub(crate) fn new(api_key: Secret) -> Self {
        let token_key = hmac::Key::new(hmac::HMAC_SHA256, api_key.expose().as_bytes());
        Self { api_key, token_key }
    }

    /// Whether the request carries the API key, as `Bearer` or as the user of `Basic`.
    pub(super) fn has_api_key(&self, headers: &HeaderMap) -> bool {
        let presented = bearer(headers).map(str::to_owned);
        let presented = presented.or_else(|| basic(headers).map(|(user, _)| user));
        presented.is_some_and(|presented| self.is_api_key(&presented))
    }

    /// Whether the request carries client credentials: any client id, the API key as secret.
    pub(super) fn has_client_secret(&self, headers: &HeaderMap) -> bool {
        basic(headers).is_some_and(|(_, secret)| self.is_api_key(&secret))
    }

    fn is_api_key(&self, presented: &str) -> bool {
        let key = self.api_key.expose().as_bytes();
        constant_time::verify_slices_are_equal(presented.as_bytes(), key).is_ok()
    }

    /// A new access token: `<expiry in unix seconds>.<signature>`.
    pub(super) fn issue_access_token(&self, now: DateTime<Utc>) -> String {
        let expires = (now + TimeDelta::seconds(ACCESS_TOKEN_SECONDS))
            .timestamp()
            .to_string();
        let signature = hmac::sign(&self.token_key, expires.as_bytes());
        format!("{expires}.{}", hex::encode(signature))
    }

    /// Whether the request carries an access token that is still good.
    pub(super) fn has_access_token(&self, headers: &HeaderMap, now: DateTime<Utc>) -> bool {
        let parts = bearer(headers).and_then(|token| token.split_once('.'));
        let Some((expires, signature)) = parts else {
            return false;
        };
        let Ok(signature) = hex::decode(signature) else {
            return false;
        };
        hmac::verify(&self.token_key, expires.as_bytes(), &signature).is_ok()
            && expires
                .parse()
                .is_ok_and(|expires: i64| now.timestamp() < expires)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "bearer")
}

/// User and password.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD
        .decode(credentials(headers, "basic")?)
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':').unwrap_or((&text, ""));
    Some((user.to_owned(), password.to_owned()))
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (found, credentials) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .trim()
        .split_once(' ')?;
    found
        .eq_ignore_ascii_case(scheme)
        .then(|| credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    fn keys() -> Keys {
        Keys::new(Secret::new("sk_test_1"))
    }

    #[test]
    fn the_api_key_is_taken_as_bearer_or_as_the_user_of_basic() {
        let basic = |text: &str| with(&format!("Basic {}", BASE64_STANDARD.encode(text)));
        for good in [
            with("Bearer sk_test_1"),
            with("bearer  sk_test_1"),
            basic("sk_test_1:"),
        ] {
            assert!(keys().has_api_key(&good), "{good:?}");
        }
        for bad in [
            HeaderMap::new(),
            with("Bearer sk_test_2"),
            with("sk_test_1"),
            basic(":sk_test_1"),
        ] {
            assert!(!keys().has_api_key(&bad), "{bad:?}");
        }
    }

    #[test]
    fn an_access_token_is_good_until_it_expires_and_only_with_its_signature() {
        let now = Utc::now();
        let token = keys().issue_access_token(now);
        let header = with(&format!("Bearer {token}"));
        assert!(keys().has_access_token(&header, now));
        let late = now + TimeDelta::seconds(ACCESS_TOKEN_SECONDS);
        assert!(!keys().has_access_token(&header, late));
        assert!(!Keys::new(Secret::new("other")).has_access_token(&header, now));
        assert!(!keys().has_access_token(&with("Bearer 99999999999.00"), now));
    }
}
