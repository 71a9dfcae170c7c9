//! The numbers of the saga, each with its reason.

use std::time::Duration;

use chassis::config::{ConfigError, Env};

/// What can be set, and what it is by default.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) kafka_brokers: String,
    /// How long a customer waits for the saga before the answer is 202: `SAGA_REQUEST_DEADLINE_MS`. People give up
    /// after a few seconds, and a held connection costs more than a second request.
    pub(crate) request_deadline: Duration,
    /// For how long one holder works on a saga without recording anything: `SAGA_LEASE_MS`. Longer than one call with
    /// its retries (2 s), and short enough that a crash is made good within ten seconds.
    pub(crate) lease: Duration,
    /// How often the worker looks for sagas that nobody holds: `SAGA_POLL_MS`.
    pub(crate) poll: Duration,
    /// Sagas that the worker takes at once: `SAGA_BATCH`. Each needs a connection to record its outcome.
    pub(crate) batch: i64,
    /// How long a saga tries to go forward before it compensates: `SAGA_FORWARD_MAX_MS`. Less than the 15 minutes that
    /// a reservation lives.
    pub(crate) forward_max: Duration,
    /// After so many failed attempts a compensation is stuck and needs a person: `SAGA_COMPENSATION_ATTEMPTS_MAX`. With
    /// the backoff below this is about ten minutes of trying.
    pub(crate) compensation_attempts_max: i32,
    /// First and longest wait between attempts: `SAGA_BACKOFF_MS`, `SAGA_BACKOFF_MAX_MS`.
    pub(crate) backoff: Duration,
    pub(crate) backoff_max: Duration,
}

impl Config {
    pub(crate) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            kafka_brokers: env
                .required("KAFKA_BROKERS", "host:port of the broker")?
                .to_owned(),
            request_deadline: env.millis_or("SAGA_REQUEST_DEADLINE_MS", 2_000)?,
            lease: env.millis_or("SAGA_LEASE_MS", 4_000)?,
            poll: env.millis_or("SAGA_POLL_MS", 250)?,
            batch: env.parsed_or("SAGA_BATCH", 8)?,
            forward_max: env.millis_or("SAGA_FORWARD_MAX_MS", 600_000)?,
            compensation_attempts_max: env.parsed_or("SAGA_COMPENSATION_ATTEMPTS_MAX", 60)?,
            backoff: env.millis_or("SAGA_BACKOFF_MS", 200)?,
            backoff_max: env.millis_or("SAGA_BACKOFF_MAX_MS", 10_000)?,
        })
    }
}
