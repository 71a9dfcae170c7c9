//! The provider's own settings, each with its reason.

use std::time::Duration;

use chassis::config::{ConfigError, Env, Secret};
use resilience::Backoff;
use url::Url;

/// What the environment says.
pub(crate) struct Config {
    pub(crate) api_key: Secret,
    pub(crate) webhook_secret: Secret,
    pub(crate) webhook_url: Option<Url>,
    /// What asking the bank takes: `PROCESSING_DELAY_MS`. Spent before the transaction, so that slow banks do not hold
    /// connections.
    pub(crate) processing_delay: Duration,
    /// How long a withheld answer keeps its request open: `HANG_MS`. Longer than any client waits.
    pub(crate) hang: Duration,
    /// How long events are gathered before they are delivered: `WEBHOOK_DELAY_MS`. Like a real provider's, a webhook
    /// comes after the answer to the request that caused it, and a round of them costs two statements.
    pub(crate) webhook_delay: Duration,
    /// Waits between deliveries of one webhook: doubling from `WEBHOOK_RETRY_BASE_MS` to a minute;
    /// `WEBHOOK_ATTEMPTS_MAX` of them are about twenty minutes of outage. (Stripe goes on for three days.)
    pub(crate) webhook_backoff: Backoff,
}

impl Config {
    pub(crate) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let webhook_url = env.get("WEBHOOK_URL").is_some();
        Ok(Self {
            api_key: env.secret("PSP_API_KEY", "the merchant's secret key, sk_…")?,
            webhook_secret: env.secret("PSP_WEBHOOK_SECRET", "the key that signs webhooks")?,
            webhook_url: webhook_url
                .then(|| env.parsed("WEBHOOK_URL", "a URL"))
                .transpose()?,
            processing_delay: env.millis_or("PROCESSING_DELAY_MS", 0)?,
            hang: env.millis_or("HANG_MS", 60_000)?,
            webhook_delay: env.millis_or("WEBHOOK_DELAY_MS", 300)?,
            webhook_backoff: Backoff {
                base: env.millis_or("WEBHOOK_RETRY_BASE_MS", 500)?,
                cap: Duration::from_secs(60),
                max_attempts: env.parsed_or("WEBHOOK_ATTEMPTS_MAX", 50)?,
            },
        })
    }
}
