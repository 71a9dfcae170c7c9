//! Puts the gateway together.

use std::sync::Arc;

use axum::Router;
use chassis::{auth::Verifier, service::Context};

use crate::{
    admission::Admission,
    config::Config,
    http,
    upstream::{Upstreams, watch},
};

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) config: Arc<Config>,
    pub(crate) verifier: Verifier,
    pub(crate) admission: Admission,
    pub(crate) upstreams: Upstreams,
}

/// Reads the configuration and returns the router. Needs no neighbour to be there.
///
/// # Errors
/// Configuration that makes no sense.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    let config = Arc::new(Config::from_env(&context.env)?);
    let admission = Admission::new(&config.redis_url, &context.metrics).await?;
    let redis = admission.clone();
    context.health.register("redis", move || {
        let redis = redis.clone();
        async move { redis.ping().await }
    });
    let upstreams = Upstreams::from_env(&context)?;
    if let Some(file) = &config.upstreams_file {
        watch(&context.tasks, upstreams.clone(), file.clone());
    }
    let verifier = Verifier::from_env(&context)?;
    let cors = http::cors(&config)?;
    Ok(http::router(AppState {
        config,
        verifier,
        admission,
        upstreams,
    })
    .layer(cors))
}
