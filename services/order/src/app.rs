//! Puts the service together.

use std::sync::Arc;

use axum::{Router, extract::FromRef};
use chassis::{
    auth::Verifier,
    db::{self, Db},
    events::{Consumer, ConsumerConfig, Inbox, Outbox},
    idempotency,
    service::{Context, Tasks},
};

use crate::{
    MIGRATOR,
    config::Config,
    http,
    metrics::OrderMetrics,
    neighbours::Neighbours,
    saga::{self, runner::SagaRunner},
    store::stream,
    worker::{payments, recovery},
};

/// Connections by default: a saga holds one while it records an outcome, never while it waits for a neighbour.
const CONNECTIONS_MAX: u32 = 6;

/// What handlers need.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) pool: Db,
    pub(crate) verifier: Verifier,
    pub(crate) runner: SagaRunner,
    pub(crate) tasks: Tasks,
}

impl FromRef<AppState> for Db {
    fn from_ref(state: &AppState) -> Self {
        state.pool.clone()
    }
}

impl FromRef<AppState> for Verifier {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

/// Connects, migrates, starts the workers, and returns the router.
///
/// # Errors
/// Configuration that makes no sense, or a database that stays away.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    let config = Arc::new(Config::from_env(&context.env)?);
    let pool = db::open(&context, &MIGRATOR, CONNECTIONS_MAX).await?;
    saga::register_crash_points();
    idempotency::register();

    let outbox = Outbox::relayed(&context, &pool, &config.kafka_brokers, &[stream::TOPIC]);
    let runner = SagaRunner {
        pool: pool.clone(),
        neighbours: Neighbours::from_env(&context)?,
        outbox,
        metrics: OrderMetrics::new(&context.metrics),
        compensation: saga::compensation(),
        config: config.clone(),
    };
    start_workers(&context, &config, &runner);
    let state = AppState {
        pool,
        verifier: Verifier::from_env(&context)?,
        runner,
        tasks: context.tasks.clone(),
    };
    Ok(http::router().with_state(state))
}

fn start_workers(context: &Context, config: &Config, runner: &SagaRunner) {
    let Context { tasks, metrics, .. } = context;
    let brokers = &config.kafka_brokers;
    let inbox = Inbox::new(
        runner.pool.clone(),
        payments::CONSUMER,
        payments::PaymentEvents,
    )
    .waking(runner.outbox.clone());
    let consumer = ConsumerConfig::new(brokers, payments::CONSUMER, &[payments::TOPIC]);
    Consumer::spawn(tasks, metrics, consumer, inbox);
    recovery::spawn(tasks, runner.clone());
}
