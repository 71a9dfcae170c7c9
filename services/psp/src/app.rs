//! Puts the provider together.

use std::sync::Arc;

use axum::Router;
use chassis::{
    crash,
    db::{self, Db},
    service::Context,
};
use tokio::sync::Notify;

use crate::{
    config::Config,
    http::{self, Keys},
    metrics,
    process::{self, Processor, Turns},
    store::MIGRATOR,
    worker,
};

/// Connections by default. Each charge holds one for a millisecond or two: four serve far more than 250 a second.
const CONNECTIONS_MAX: u32 = 4;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) pool: Db,
    pub(crate) processor: Processor,
    pub(crate) keys: Arc<Keys>,
}

/// Connects, migrates, starts the webhook worker, and gives the router.
///
/// # Errors
/// Configuration that makes no sense, or a database that cannot be prepared.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    let config = Config::from_env(&context.env)?;
    let pool = db::open(&context, &MIGRATOR, CONNECTIONS_MAX).await?;
    let wake = Arc::new(Notify::new());
    worker::start(&context, &config, pool.clone(), wake.clone())?;
    crash::register(process::AFTER_COMMIT_BEFORE_ANSWER);
    let processor = Processor {
        pool: pool.clone(),
        tasks: context.tasks.clone(),
        processing_delay: config.processing_delay,
        hang: config.hang,
        wake,
        commands: context.metrics.counter(metrics::COMMANDS),
        turns: Turns::default(),
    };
    let keys = Arc::new(Keys::new(config.api_key));
    Ok(http::router(AppState {
        pool,
        processor,
        keys,
    }))
}
