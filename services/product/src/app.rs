//! Puts the service together: configuration, database, relay, routes.

use anyhow::Context as _;
use axum::{Router, extract::FromRef};
use chassis::{
    auth::Verifier,
    db,
    events::{Outbox, Relay, RelayConfig},
    service::Context,
};
use sqlx::PgPool;

use crate::{commands::Commands, config::Config, events, http, metrics::CatalogueMetrics, store};

/// What handlers may ask for.
#[derive(Clone)]
pub struct AppState {
    pool: PgPool,
    commands: Commands,
    metrics: CatalogueMetrics,
    verifier: Verifier,
}

impl FromRef<AppState> for PgPool {
    fn from_ref(state: &AppState) -> Self {
        state.pool.clone()
    }
}

impl FromRef<AppState> for Commands {
    fn from_ref(state: &AppState) -> Self {
        state.commands.clone()
    }
}

impl FromRef<AppState> for CatalogueMetrics {
    fn from_ref(state: &AppState) -> Self {
        state.metrics.clone()
    }
}

impl FromRef<AppState> for Verifier {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

/// Connects, migrates, starts the relay and returns the routes.
///
/// # Errors
/// Configuration that makes no sense, a database that does not answer or cannot be migrated.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    let config = Config::from_env(&context.env)?;
    let verifier = Verifier::from_env(&context)?;
    let pool = db::connect(config.database_url.expose(), &config.database)
        .await
        .context("connecting to DATABASE_URL")?;
    db::migrate(&pool, &store::MIGRATOR)
        .await
        .context("migrating the database")?;
    context.health.register_postgres(pool.clone());
    context.metrics.watch_pool(&pool);

    let outbox = Outbox::default();
    let relay = RelayConfig::new(&config.kafka_brokers, "product", &[events::TOPIC]);
    Relay::spawn(&context.tasks, &context.metrics, &pool, &outbox, relay);

    let metrics = CatalogueMetrics::register(&context.metrics);
    let commands = Commands::new(pool.clone(), outbox, metrics.clone());
    Ok(http::routes().with_state(AppState {
        pool,
        commands,
        metrics,
        verifier,
    }))
}
