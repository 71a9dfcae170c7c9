//! Puts the service together: configuration, database, background work, routes.

use axum::{Router, extract::FromRef};
use chassis::{
    auth::Verifier,
    db::{self, Db},
    events::{Consumer, ConsumerConfig, Inbox, Outbox},
    idempotency,
    service::Context,
};

use crate::{
    commands::Commands, config::Config, events, http, metrics::StockMetrics, store, worker,
};

/// Connections by default. The transactions are short and often wait for the same hot row; more connections would only
/// wait inside PostgreSQL.
const CONNECTIONS_MAX: u32 = 6;

/// What handlers may ask for.
#[derive(Clone)]
pub struct AppState {
    pool: Db,
    commands: Commands,
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

impl FromRef<AppState> for Verifier {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

/// Connects, migrates, starts the background work and returns the routes.
///
/// # Errors
/// Configuration that makes no sense, a database that does not answer or cannot be migrated.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    let config = Config::from_env(&context.env)?;
    let verifier = Verifier::from_env(&context)?;
    let pool = db::open(&context, &store::MIGRATOR, CONNECTIONS_MAX).await?;
    idempotency::register();
    let outbox = Outbox::relayed(&context, &pool, &config.kafka_brokers, &[events::TOPIC]);
    let metrics = StockMetrics::register(&context.metrics);
    let hold = config.reservation_hold;
    let commands = Commands::new(pool.clone(), outbox.clone(), metrics.clone(), hold);
    start_workers(&context, &config, &pool, &outbox, &commands, metrics);
    Ok(http::routes().with_state(AppState {
        pool,
        commands,
        verifier,
    }))
}

/// One consumer a topic, and the sweep that expires reservations.
fn start_workers(
    context: &Context,
    config: &Config,
    pool: &Db,
    outbox: &Outbox,
    commands: &Commands,
    metrics: StockMetrics,
) {
    let (tasks, registry, brokers) = (&context.tasks, &context.metrics, &config.kafka_brokers);
    let (group, topics) = (worker::products::GROUP, [worker::products::TOPIC]);
    let inbox = Inbox::new(pool.clone(), group, worker::products::Products);
    Consumer::spawn(
        tasks,
        registry,
        ConsumerConfig::new(brokers, group, &topics),
        inbox,
    );

    let (group, topics) = (worker::orders::GROUP, [worker::orders::TOPIC]);
    let inbox = Inbox::new(pool.clone(), group, worker::orders::Orders::new(metrics));
    let inbox = inbox.waking(outbox.clone());
    Consumer::spawn(
        tasks,
        registry,
        ConsumerConfig::new(brokers, group, &topics),
        inbox,
    );

    worker::expiry::spawn(tasks, commands.clone(), config.expiry_sweep);
}
