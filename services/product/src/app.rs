//! Puts the service together: configuration, database, relay, routes.

use axum::{Router, extract::FromRef};
use chassis::{
    auth::Verifier,
    db::{self, Db},
    events::Outbox,
    service::Context,
};

use crate::{commands::Commands, config::Config, events, http, metrics::CatalogueMetrics, store};

/// Connections by default. Reads by primary key take a fraction of a millisecond: four serve thousands a second.
const CONNECTIONS_MAX: u32 = 4;

/// What handlers may ask for.
#[derive(Clone)]
pub struct AppState {
    pool: Db,
    commands: Commands,
    metrics: CatalogueMetrics,
    verifier: Verifier,
}

impl FromRef<AppState> for Db {
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
    let pool = db::open(&context, &store::MIGRATOR, CONNECTIONS_MAX).await?;
    let outbox = Outbox::relayed(&context, &pool, &config.kafka_brokers, &[events::TOPIC]);
    let metrics = CatalogueMetrics::register(&context.metrics);
    let commands = Commands::new(pool.clone(), outbox, metrics.clone());
    Ok(http::routes().with_state(AppState {
        pool,
        commands,
        metrics,
        verifier,
    }))
}
