//! Public keys of the user service, by key id.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use jsonwebtoken::{DecodingKey, jwk::JwkSet};
use tokio::sync::Mutex;

use super::AuthError;
use crate::{client::EdgeClient, metrics::Metrics, service::Context};

/// Unknown key ids are looked up at most this often, so that made-up ones cannot turn us into a load generator.
const REFETCH_INTERVAL_MIN: Duration = Duration::from_secs(5);

/// Where the keys come from: over HTTP for most, from memory for the user service itself and for tests.
pub trait KeySource: Send + Sync {
    /// The key with this id.
    fn key<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Arc<DecodingKey>, AuthError>>;
}

/// Keys that are known in advance.
#[derive(Clone, Default)]
pub struct StaticKeys(Arc<RwLock<HashMap<String, Arc<DecodingKey>>>>);

impl StaticKeys {
    /// Replaces all keys by those of a set.
    ///
    /// # Errors
    /// A key of the set is malformed.
    pub fn replace(&self, set: &JwkSet) -> anyhow::Result<()> {
        *self.0.write().expect("no panic while held") = decode_set(set)?;
        Ok(())
    }

    fn get(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        self.0
            .read()
            .expect("no panic while held")
            .get(kid)
            .cloned()
    }
}

impl KeySource for StaticKeys {
    fn key<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Arc<DecodingKey>, AuthError>> {
        Box::pin(async move { self.get(kid).ok_or_else(|| unknown(kid)) })
    }
}

/// Keys fetched from a JWKS document and kept; a key id that is not known triggers one fetch.
pub struct HttpKeys {
    client: EdgeClient,
    path: String,
    known: StaticKeys,
    fetched: Mutex<Option<Instant>>,
    metrics: Metrics,
}

impl HttpKeys {
    /// Reads `JWKS_URL`.
    ///
    /// # Errors
    /// It is missing or not a URL.
    pub fn from_env(context: &Context) -> anyhow::Result<Self> {
        let url = context
            .env
            .required("JWKS_URL", "the URL of the user service's JWKS")?;
        let (base, path) = split_url(url)?;
        for outcome in ["hit", "miss", "error"] {
            drop(
                context
                    .metrics
                    .cache_requests
                    .with_label_values(&["jwks", outcome]),
            );
        }
        Ok(Self {
            client: EdgeClient::for_jwks(context, &base)?,
            path,
            known: StaticKeys::default(),
            fetched: Mutex::new(None),
            metrics: context.metrics.clone(),
        })
    }

    fn count(&self, outcome: &str) {
        let requests = &self.metrics.cache_requests;
        requests.with_label_values(&["jwks", outcome]).inc();
    }

    async fn fetch(&self) -> anyhow::Result<()> {
        let set: JwkSet = self.client.get(&self.path).send().await?.json()?;
        self.known.replace(&set)
    }
}

impl KeySource for HttpKeys {
    fn key<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Arc<DecodingKey>, AuthError>> {
        Box::pin(async move {
            if let Some(key) = self.known.get(kid) {
                self.count("hit");
                return Ok(key);
            }
            let mut fetched = self.fetched.lock().await;
            // Somebody else may have fetched while we waited for the lock.
            if let Some(key) = self.known.get(kid) {
                self.count("hit");
                return Ok(key);
            }
            if fetched.is_some_and(|at| at.elapsed() < REFETCH_INTERVAL_MIN) {
                self.count("miss");
                return Err(unknown(kid));
            }
            let answer = self.fetch().await;
            self.count(if answer.is_ok() { "miss" } else { "error" });
            answer.map_err(AuthError::KeysUnavailable)?;
            *fetched = Some(Instant::now());
            self.known.get(kid).ok_or_else(|| unknown(kid))
        })
    }
}

fn unknown(kid: &str) -> AuthError {
    AuthError::Invalid(anyhow::anyhow!("unknown key id {kid:?}"))
}

fn decode_set(set: &JwkSet) -> anyhow::Result<HashMap<String, Arc<DecodingKey>>> {
    set.keys
        .iter()
        .filter_map(|jwk| Some((jwk.common.key_id.clone()?, jwk)))
        .map(|(kid, jwk)| Ok((kid, Arc::new(DecodingKey::from_jwk(jwk)?))))
        .collect()
}

fn split_url(url: &str) -> anyhow::Result<(String, String)> {
    let parsed = url::Url::parse(url)?;
    Ok((
        parsed.origin().ascii_serialization(),
        parsed.path().to_owned(),
    ))
}
