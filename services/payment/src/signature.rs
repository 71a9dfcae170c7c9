//! Checks who sent a webhook. It neither parses nor applies what was sent.
//!
//! Stripe: `Stripe-Signature: t=<unix seconds>,v1=<hex>` with HMAC-SHA256 over `t.payload`
//! (<https://docs.stripe.com/webhooks#verify-manually>). PayPal signs with a certificate; its stand-in here signs
//! `id|time|payload` with the same HMAC. Comparison takes the same time whatever the difference.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use chassis::config::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use thiserror::Error;

use crate::domain::Provider;

/// Why a webhook was not believed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SignatureError {
    /// No signature, or not in the form of a known provider.
    #[error("no signature")]
    Missing,
    /// Signed with another key, or altered.
    #[error("the signature does not fit")]
    Wrong,
    /// Signed too long ago, or in the future: perhaps recorded and replayed.
    #[error("signed outside the tolerated time")]
    OutOfTime,
}

/// Checks signatures.
#[derive(Clone)]
pub struct SignatureCheck {
    key: Arc<hmac::Key>,
    tolerance: TimeDelta,
}

impl SignatureCheck {
    /// `tolerance` bounds the age of a signature.
    pub fn new(secret: &Secret, tolerance: Duration) -> Self {
        Self {
            key: Arc::new(hmac::Key::new(
                hmac::HMAC_SHA256,
                secret.expose().as_bytes(),
            )),
            tolerance: TimeDelta::from_std(tolerance).unwrap_or(TimeDelta::MAX),
        }
    }

    /// Which provider sent this payload.
    ///
    /// # Errors
    /// See [`SignatureError`].
    pub fn sender(
        &self,
        headers: &HeaderMap,
        payload: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Provider, SignatureError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(signature) = text("stripe-signature") {
            return self
                .stripe(signature, payload, now)
                .map(|()| Provider::Stripe);
        }
        let (Some(id), Some(time), Some(signature)) = (
            text("paypal-transmission-id"),
            text("paypal-transmission-time"),
            text("paypal-transmission-sig"),
        ) else {
            return Err(SignatureError::Missing);
        };
        let signed = [id.as_bytes(), b"|", time.as_bytes(), b"|", payload].concat();
        self.verify(&signed, signature)?;
        let time = DateTime::parse_from_rfc3339(time).map_err(|_| SignatureError::Missing)?;
        self.in_time(time.to_utc(), now).map(|()| Provider::Paypal)
    }

    /// Several `v1` are allowed: Stripe sends two while a secret is being changed.
    fn stripe(
        &self,
        header: &str,
        payload: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), SignatureError> {
        let fields = || {
            header
                .split(',')
                .filter_map(|field| field.trim().split_once('='))
        };
        let (_, time) = fields()
            .find(|(name, _)| *name == "t")
            .ok_or(SignatureError::Missing)?;
        let signed = [time.as_bytes(), b".", payload].concat();
        let fits = fields()
            .filter(|(name, _)| *name == "v1")
            .any(|(_, signature)| self.verify(&signed, signature).is_ok());
        if !fits {
            return Err(SignatureError::Wrong);
        }
        let seconds: i64 = time.parse().map_err(|_| SignatureError::Missing)?;
        let time = DateTime::from_timestamp(seconds, 0).ok_or(SignatureError::OutOfTime)?;
        self.in_time(time, now)
    }

    fn verify(&self, signed: &[u8], signature: &str) -> Result<(), SignatureError> {
        let signature = hex::decode(signature).map_err(|_| SignatureError::Wrong)?;
        hmac::verify(&self.key, signed, &signature).map_err(|_| SignatureError::Wrong)
    }

    fn in_time(&self, signed_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), SignatureError> {
        if (now - signed_at).abs() <= self.tolerance {
            Ok(())
        } else {
            Err(SignatureError::OutOfTime)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn check() -> SignatureCheck {
        SignatureCheck::new(&Secret::new("whsec"), Duration::from_secs(300))
    }

    fn sign(text: &[u8]) -> String {
        hex::encode(hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, b"whsec"),
            text,
        ))
    }

    fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
        let parse = |(name, value): &(&'static str, String)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        pairs.iter().map(parse).collect()
    }

    fn stripe(time: i64) -> HeaderMap {
        let signature = sign(&[time.to_string().as_bytes(), b".", BODY].concat());
        headers(&[("stripe-signature", format!("t={time},v1={signature}"))])
    }

    #[test]
    fn a_fresh_signature_of_either_provider_is_believed() {
        let now = Utc::now();
        assert_eq!(
            check().sender(&stripe(now.timestamp()), BODY, now),
            Ok(Provider::Stripe)
        );
        let time = now.to_rfc3339();
        let signature = sign(&[b"id-1|", time.as_bytes(), b"|", BODY].concat());
        let paypal = headers(&[
            ("paypal-transmission-id", "id-1".to_owned()),
            ("paypal-transmission-time", time),
            ("paypal-transmission-sig", signature),
        ]);
        assert_eq!(check().sender(&paypal, BODY, now), Ok(Provider::Paypal));
        assert_eq!(
            check().sender(&paypal, b"{}", now),
            Err(SignatureError::Wrong)
        );
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let now = Utc::now();
        let good = stripe(now.timestamp())["stripe-signature"]
            .to_str()
            .unwrap()
            .to_owned();
        let both = headers(&[("stripe-signature", good.replace(",v1=", ",v1=00,v0=1,v1="))]);
        assert_eq!(check().sender(&both, BODY, now), Ok(Provider::Stripe));
    }

    #[test]
    fn an_old_or_future_signature_is_not_believed() {
        let now = Utc::now();
        for seconds in [-301, 301] {
            let signed = stripe(now.timestamp() + seconds);
            assert_eq!(
                check().sender(&signed, BODY, now),
                Err(SignatureError::OutOfTime)
            );
        }
    }

    #[test]
    fn what_is_missing_altered_or_malformed_is_not_believed() {
        let now = Utc::now();
        let with = |value: &str| headers(&[("stripe-signature", value.to_owned())]);
        let cases = [
            (HeaderMap::new(), SignatureError::Missing),
            (with("v1=00"), SignatureError::Missing),
            (with(""), SignatureError::Missing),
            (
                with(&format!("t={}", now.timestamp())),
                SignatureError::Wrong,
            ),
            (
                with(&format!("t={},v1=zz", now.timestamp())),
                SignatureError::Wrong,
            ),
            (
                with(&format!("t=soon,v1={}", sign(b"x"))),
                SignatureError::Wrong,
            ),
        ];
        for (headers, error) in cases {
            assert_eq!(
                check().sender(&headers, BODY, now),
                Err(error),
                "{headers:?}"
            );
        }
        assert_eq!(
            check().sender(&stripe(now.timestamp()), b"other", now),
            Err(SignatureError::Wrong)
        );
    }
}
