//! Puts the service together: configuration, database, providers, background work, routes.

use axum::{Router, extract::FromRef};
use chassis::{
    auth::Verifier,
    db::{self, Db},
    events::Outbox,
    idempotency,
    service::Context,
};

use crate::{
    commands::{self, Commands, Shared},
    config::Config,
    events, http,
    metrics::PaymentMetrics,
    provider::Providers,
    signature::SignatureCheck,
    store,
    vault::Vault,
    worker,
};

/// Connections by default. No transaction waits for a provider.
const CONNECTIONS_MAX: u32 = 6;

/// What handlers may ask for.
#[derive(Clone)]
pub struct AppState {
    pool: Db,
    commands: Commands,
    verifier: Verifier,
    signatures: SignatureCheck,
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

impl FromRef<AppState> for Verifier {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

impl FromRef<AppState> for SignatureCheck {
    fn from_ref(state: &AppState) -> Self {
        state.signatures.clone()
    }
}

/// Connects, migrates, starts the background work and returns the routes.
///
/// # Errors
/// Configuration that makes no sense, a database that does not answer or cannot be migrated.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    let config = Config::from_env(&context.env)?;
    let verifier = Verifier::from_env(&context)?;
    let vault = Vault::new(&config.encryption_keys)?;
    let providers = Providers::from_env(&context, &config.api_key)?;
    let pool = db::open(&context, &store::MIGRATOR, CONNECTIONS_MAX).await?;
    let outbox = Outbox::relayed(&context, &pool, &config.kafka_brokers, &[events::TOPIC]);
    idempotency::register();
    let commands = Commands::new(Shared {
        pool: pool.clone(),
        providers,
        vault,
        outbox,
        metrics: PaymentMetrics::register(&context.metrics),
        limits: config.limits,
        reconciliation: commands::reconciliation(),
        tasks: context.tasks.clone(),
    });
    worker::reconciler::spawn(&context.tasks, commands.clone());
    worker::reseal::spawn(&context.tasks, commands.clone(), config.reseal_every);
    let signatures = SignatureCheck::new(&config.webhook_secret, config.webhook_tolerance);
    Ok(http::routes().with_state(AppState {
        pool,
        commands,
        verifier,
        signatures,
    }))
}
