//! Configuration of this service alone; what all services share is in the chassis.

use std::time::Duration;

use chassis::config::{ConfigError, Env, Secret};
use resilience::Backoff;

/// What the payment service is told. The providers' addresses are `EDGE_STRIPE_URL` and `EDGE_PAYPAL_URL`.
#[derive(Clone, Debug)]
pub struct Config {
    /// `KAFKA_BROKERS`, `host:port,…`.
    pub kafka_brokers: String,
    /// `PSP_API_KEY`: proves to both providers who we are.
    pub api_key: Secret,
    /// `PSP_WEBHOOK_SECRET`: with it the providers sign their events.
    pub webhook_secret: Secret,
    /// `PAYMENT_WEBHOOK_TOLERANCE_MS`, 5 minutes, as Stripe's own libraries have it: an event that was recorded on its
    /// way is worth nothing later.
    pub webhook_tolerance: Duration,
    /// `PAYMENT_ENCRYPTION_KEYS`, `kid:key,…`; see the vault.
    pub encryption_keys: Secret,
    /// `PAYMENT_RESEAL_MS`, 1 minute: how often tokens under an old key are looked for. One query on a partial index.
    pub reseal_every: Duration,
    /// How payments are worked on.
    pub limits: Limits,
}

/// How payments are worked on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `PAYMENT_LEASE_MS`, 3 s: for how long whoever works on a payment has it for itself. Longer than two tries and a
    /// failover; short enough that what a crash leaves behind is settled within seconds. If it is too short nothing
    /// breaks: a call is then made twice with one key.
    pub lease: Duration,
    /// `PAYMENT_CALL_TRIES_MAX`, 2: tries of a request while the answer is unknown. The second one usually brings what
    /// the first one lost; after that the reconciler goes on, and the client waits no longer.
    pub tries_max: u32,
    /// `PAYMENT_CHECK_BASE_MS`, 200 ms, doubling to `PAYMENT_CHECK_CAP_MS`, 5 s: waits between the reconciler's looks
    /// at one payment. The cap bounds how long a payment stays unknown after its provider has recovered.
    pub checks: Backoff,
    /// `PAYMENT_RECONCILER_POLL_MS`, 250 ms: how often the list is read when it was empty. One query on a partial index.
    pub poll: Duration,
    /// `PAYMENT_RECONCILER_BATCH`, 8: payments worked on at once; half of them can wait for a connection.
    pub batch: u16,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// A variable is missing or makes no sense; the error names it.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            kafka_brokers: env
                .required("KAFKA_BROKERS", "host:port of a Kafka broker")?
                .to_owned(),
            api_key: env.secret("PSP_API_KEY", "the key that the providers gave us")?,
            webhook_secret: env.secret(
                "PSP_WEBHOOK_SECRET",
                "the key with which the providers sign events",
            )?,
            webhook_tolerance: positive(env, "PAYMENT_WEBHOOK_TOLERANCE_MS", 5 * 60 * 1000)?,
            encryption_keys: env.secret(
                "PAYMENT_ENCRYPTION_KEYS",
                "kid:key, 32 bytes in base64 or hex, the sealing key first",
            )?,
            reseal_every: positive(env, "PAYMENT_RESEAL_MS", 60_000)?,
            limits: Limits::from_env(env)?,
        })
    }
}

impl Limits {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            lease: positive(env, "PAYMENT_LEASE_MS", 3_000)?,
            tries_max: at_least_one(env, "PAYMENT_CALL_TRIES_MAX", 2_u32)?,
            checks: Backoff {
                base: positive(env, "PAYMENT_CHECK_BASE_MS", 200)?,
                cap: positive(env, "PAYMENT_CHECK_CAP_MS", 5_000)?,
                // Money is never given up on.
                max_attempts: u32::MAX,
            },
            poll: positive(env, "PAYMENT_RECONCILER_POLL_MS", 250)?,
            batch: at_least_one(env, "PAYMENT_RECONCILER_BATCH", 8_u16)?,
        })
    }
}

/// Zero would mean a lease that nobody holds, or a loop that never rests.
fn positive(env: &Env, name: &str, default_ms: u64) -> Result<Duration, ConfigError> {
    let duration = env.millis_or(name, default_ms)?;
    if duration.is_zero() {
        Err(too_small(name))
    } else {
        Ok(duration)
    }
}

fn at_least_one<T>(env: &Env, name: &str, default: T) -> Result<T, ConfigError>
where
    T: std::str::FromStr<Err = std::num::ParseIntError> + PartialEq + Default,
{
    let value = env.parsed_or(name, default)?;
    if value == T::default() {
        Err(too_small(name))
    } else {
        Ok(value)
    }
}

fn too_small(name: &str) -> ConfigError {
    ConfigError::Invalid {
        name: name.to_owned(),
        reason: "must be at least 1".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str, value: &str) -> Env {
        Env::from_pairs([
            ("DATABASE_URL", "postgres://localhost/payment"),
            ("KAFKA_BROKERS", "localhost:9092"),
            ("PSP_API_KEY", "hunter2"),
            ("PSP_WEBHOOK_SECRET", "hunter2"),
            ("PAYMENT_ENCRYPTION_KEYS", "k1:hunter2"),
            (name, value),
        ])
    }

    #[test]
    fn what_is_optional_has_its_default() {
        let config = Config::from_env(&env("UNRELATED", "1")).unwrap();
        assert_eq!(config.webhook_tolerance, Duration::from_secs(300));
        assert_eq!(config.limits.lease, Duration::from_secs(3));
    }

    #[test]
    fn zeros_are_refused_by_name() {
        for name in [
            "PAYMENT_LEASE_MS",
            "PAYMENT_CALL_TRIES_MAX",
            "PAYMENT_RECONCILER_BATCH",
        ] {
            let error = Config::from_env(&env(name, "0")).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    fn the_configuration_prints_no_secret() {
        let printed = format!("{:?}", Config::from_env(&env("UNRELATED", "1")).unwrap());
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
