//! Puts the gateway together.

use std::sync::Arc;

use axum::Router;
use chassis::{auth::Verifier, service::Context};

use crate::{
    admission::Admission,
    config::Config,
    http::{self, HealthCache},
    upstream::{Upstreams, watch},
};

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) config: Arc<Config>,
    pub(crate) verifier: Verifier,
    pub(crate) admission: Admission,
    pub(crate) upstreams: Upstreams,
    pub(crate) health: HealthCache,
}

/// Reads the configuration and returns the router. Needs no neighbour to be there. Nor does readiness ask for one:
/// without Redis the door limits by itself, and a service that is away must not close the door to all others.
///
/// # Errors
/// Configuration that makes no sense.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    context.serve_the_public();
    let config = Arc::new(Config::from_env(&context.env)?);
    let admission = Admission::new(config.redis_url.expose(), &context.metrics)?;
    let upstreams = Upstreams::from_env(&context)?;
    if let Some(file) = &config.upstreams_file {
        watch(&context.tasks, upstreams.clone(), file.clone());
    }
    let verifier = Verifier::from_env(&context)?;
    let cors = http::cors(&config)?;
    let state = AppState {
        config,
        verifier,
        admission,
        upstreams,
        health: HealthCache::default(),
    };
    Ok(http::router(state).layer(cors))
}
