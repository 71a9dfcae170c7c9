//! The connection to Redis: one, shared, lazily made and remade, with a short time limit.
//!
//! What lies there can be lost without harm: the callers say what they do without it.

use std::time::Duration;

use anyhow::Context as _;
use chassis::config::Secret;
use redis::{
    Client, Pipeline, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

/// On loopback or in one data centre an answer takes a millisecond; a request must not hang on what it can do without.
const TIMEOUT: Duration = Duration::from_millis(250);

/// A handle on the shared connection.
#[derive(Clone)]
pub(crate) struct Redis(ConnectionManager);

impl Redis {
    /// Connects when first used, so that the service starts without Redis.
    ///
    /// # Errors
    /// A URL that makes no sense.
    pub(crate) fn new(url: &Secret) -> anyhow::Result<Self> {
        let client = Client::open(url.expose()).context("REDIS_URL")?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            // The next command tries again; waiting inside this one would only delay the request.
            .set_number_of_retries(0);
        let manager =
            ConnectionManager::new_lazy_with_config(client, config).context("REDIS_URL")?;
        Ok(Self(manager))
    }

    /// Runs commands in one round trip.
    pub(super) async fn run<T: redis::FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> RedisResult<T> {
        let mut connection = self.0.clone();
        tokio::time::timeout(TIMEOUT, commands.query_async(&mut connection))
            .await
            .unwrap_or_else(|_| Err((redis::ErrorKind::Io, "no answer in time").into()))
    }
}
