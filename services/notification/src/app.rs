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
    domain::{EVENT_TYPES, Letters},
    http,
    mail::Postman,
    metrics::NotificationMetrics,
    store::{ATTEMPT, Store},
    worker::{self, GROUP, Mailer},
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

/// Where news comes from.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Consumer group.
    pub group: &'static str,
    /// Topics with news for customers.
    pub topics: [&'static str; 3],
}

impl Default for Subscription {
    fn default() -> Self {
        Self {
            group: GROUP,
            topics: EVENT_TYPES.map(|(topic, _)| topic),
        }
    }
}

/// Starts the consumer and returns the router. Waits for nobody: events wait in Kafka.
///
/// # Errors
/// Configuration that makes no sense.
pub async fn build(context: Context) -> anyhow::Result<Router> {
    build_with(context, Subscription::default()).await
}

/// As [`build`], with news from elsewhere: tests that share a broker have topics of their own.
///
/// # Errors
/// Configuration that makes no sense.
pub async fn build_with(context: Context, news: Subscription) -> anyhow::Result<Router> {
    let config = Config::from_env(&context.env)?;
    let store = Store::new(config.redis_url.expose())?;
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
    let mut consumer = ConsumerConfig::new(&config.kafka_brokers, news.group, &news.topics);
    consumer.attempt_timeout = ATTEMPT;
    Consumer::spawn(&context.tasks, &context.metrics, consumer, mailer);
    let verifier = Verifier::from_env(&context)?;
    Ok(http::router().with_state(AppState { store, verifier }))
}
