//! Puts the service together.

use axum::{Router, extract::FromRef};
use chassis::{
    auth::{ServiceTokens, Verifier},
    client::{EdgeClient, EdgePolicy},
    events::{Consumer, ConsumerConfig},
    service::Context,
};

use crate::{
    config::Config,
    domain::Letters,
    http,
    mail::Postman,
    metrics::NotificationMetrics,
    store::Store,
    worker::{self, Mailer},
};

/// What handlers need.
#[derive(Clone)]
pub(crate) struct AppState {
    store: Store,
    verifier: Verifier,
}

impl FromRef<AppState> for Store {
    fn from_ref(state: &AppState) -> Self {
        state.store.clone()
    }
}

impl FromRef<AppState> for Verifier {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

/// Starts the consumer and returns the router. Waits for nobody: events wait in Kafka.
///
/// # Errors
/// Configuration that makes no sense.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    let config = Config::from_env(&context.env)?;
    let store = Store::new(&config.redis_url)?;
    let redis = store.clone();
    context.health.register("redis", move || {
        let redis = redis.clone();
        async move { redis.ping().await }
    });
    let tokens = ServiceTokens::from_env(context.config.name, &context.env)?;
    let users = EdgeClient::from_env(&context, "user", EdgePolicy::default())?;
    let mailer = Mailer {
        store: store.clone(),
        letters: Letters::new()?,
        postman: Postman::new(&config.smtp_url, &config.mail_from)?,
        users: users.with_service_token(tokens),
        metrics: NotificationMetrics::new(&context.metrics),
    };
    worker::register_crash_points();
    let consumer = ConsumerConfig::new(&config.kafka_brokers, worker::CONSUMER, &worker::TOPICS);
    Consumer::spawn(&context.tasks, &context.metrics, consumer, mailer);
    let verifier = Verifier::from_env(&context)?;
    Ok(http::router().with_state(AppState { store, verifier }))
}
