//! Puts the service together: configuration, database, keys, background work, routes.

use std::sync::Arc;

use anyhow::Context as _;
use axum::{Router, extract::FromRef};
use chassis::{
    auth::{ServiceTokens, Verifier},
    db::{self, Db},
    events::Outbox,
    service::Context,
};

use crate::{
    MIGRATOR,
    commands::Commands,
    config::Config,
    domain::events::TOPIC,
    hasher::Hasher,
    http,
    keys::Keys,
    metrics::AccountMetrics,
    store::redis::Redis,
    worker::{revocations, sweep},
};

/// Connections by default: every statement of this service is short, and each connection costs PostgreSQL megabytes.
const CONNECTIONS_MAX: u32 = 4;

/// What handlers may ask for.
#[derive(Clone)]
pub(crate) struct AppState {
    commands: Commands,
    verifier: Verifier,
    public_url: Arc<str>,
}

/// How clients reach the service.
#[derive(Clone)]
pub(crate) struct PublicUrl(pub(crate) Arc<str>);

impl FromRef<AppState> for Commands {
    fn from_ref(state: &AppState) -> Self {
        state.commands.clone()
    }
}

impl FromRef<AppState> for Db {
    fn from_ref(state: &AppState) -> Self {
        state.commands.pool.clone()
    }
}

impl FromRef<AppState> for Keys {
    fn from_ref(state: &AppState) -> Self {
        state.commands.keys.clone()
    }
}

impl FromRef<AppState> for Verifier {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

impl FromRef<AppState> for PublicUrl {
    fn from_ref(state: &AppState) -> Self {
        Self(Arc::clone(&state.public_url))
    }
}

/// Connects, migrates, makes the first key and the administrator, starts the background work and returns the routes.
///
/// # Errors
/// Configuration that makes no sense, a database that does not answer or cannot be migrated, signing keys that
/// `KEY_ENCRYPTION_KEY` does not open.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    let mut config = Config::from_env(&context)?;
    let services = ServiceTokens::from_env(context.config.name, &context.env)?;
    // PostgreSQL is what readiness asks for. Redis is not: without it the service does its work, see [`Commands`].
    let pool = db::open(&context, &MIGRATOR, CONNECTIONS_MAX).await?;
    let keys = Keys::open(&pool, &config.key_encryption_key, config.lifetimes.access_s)
        .await
        .context("opening the signing keys")?;
    let commands = Commands {
        pool: pool.clone(),
        outbox: Outbox::relayed(&context, &pool, &config.brokers, &[TOPIC]),
        redis: Redis::new(&config.redis_url)?,
        hasher: Hasher::new(config.hashing)?,
        keys: keys.clone(),
        metrics: AccountMetrics::new(&context.metrics),
        lifetimes: config.lifetimes,
        attempts: config.attempts,
    };
    if let Some(admin) = config.admin.take() {
        commands
            .ensure_admin(admin)
            .await
            .context("the administrator")?;
    }
    revocations::spawn(&context.tasks, commands.clone(), config.revocation_poll);
    sweep::spawn(&context.tasks, pool, config.sweep_interval);
    Ok(http::routes().with_state(AppState {
        commands,
        verifier: Verifier::new(Arc::new(keys), services),
        public_url: config.public_url.into(),
    }))
}
