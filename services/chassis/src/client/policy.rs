//! The numbers of an edge, each with its reason, each settable.

use std::time::Duration;

use resilience::{Backoff, BreakerConfig};

use crate::config::{ConfigError, Env};

/// How calls on one edge are protected.
#[derive(Clone, Debug)]
pub struct EdgePolicy {
    /// Time for the whole call, retries included. Shortened by the deadline of the request that it serves.
    pub deadline: Duration,
    /// Time for one try, so that a retry still fits into the deadline.
    pub try_timeout: Duration,
    /// Time to connect; on one machine anything over a few milliseconds is a fault.
    pub connect_timeout: Duration,
    /// Tries and waits between them.
    pub backoff: Backoff,
    /// Retries allowed as a share of calls: a neighbour in trouble gets at most a fifth more load, not a multiple.
    pub retry_budget_percent: u32,
    /// Retries a second that are allowed however little traffic there is.
    pub retries_per_second_min: u32,
    /// Over which time the budget is counted.
    pub retry_budget_window: Duration,
    /// When to stop calling.
    pub breaker: BreakerConfig,
    /// Calls on this edge at once; a slow neighbour must not eat all of this service.
    pub calls_in_flight_max: usize,
    /// How long a call may wait for its turn.
    pub queue_wait_max: Duration,
}

impl Default for EdgePolicy {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(2_000),
            try_timeout: Duration::from_millis(800),
            connect_timeout: Duration::from_millis(250),
            backoff: Backoff {
                base: Duration::from_millis(25),
                cap: Duration::from_millis(400),
                max_attempts: 3,
            },
            retry_budget_percent: 20,
            retries_per_second_min: 2,
            retry_budget_window: Duration::from_secs(10),
            breaker: BreakerConfig::default(),
            calls_in_flight_max: 64,
            queue_wait_max: Duration::from_millis(100),
        }
    }
}

impl EdgePolicy {
    /// Overrides from the environment: `<prefix>_DEADLINE_MS`, `_TRY_TIMEOUT_MS`, `_ATTEMPTS_MAX`,
    /// `_CALLS_IN_FLIGHT_MAX`.
    ///
    /// # Errors
    /// A value that makes no sense, or a try that is longer than the whole call.
    pub fn from_env(mut self, env: &Env, prefix: &str) -> Result<Self, ConfigError> {
        let millis = |name: &str, default: Duration| {
            let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
            env.millis_or(&format!("{prefix}_{name}"), default)
        };
        self.deadline = millis("DEADLINE_MS", self.deadline)?;
        self.try_timeout = millis("TRY_TIMEOUT_MS", self.try_timeout)?;
        self.backoff.max_attempts =
            env.parsed_or(&format!("{prefix}_ATTEMPTS_MAX"), self.backoff.max_attempts)?;
        self.calls_in_flight_max = env.parsed_or(
            &format!("{prefix}_CALLS_IN_FLIGHT_MAX"),
            self.calls_in_flight_max,
        )?;
        if self.try_timeout > self.deadline {
            return Err(ConfigError::Invalid {
                name: format!("{prefix}_TRY_TIMEOUT_MS"),
                reason: format!(
                    "{:?} exceeds the deadline {:?}",
                    self.try_timeout, self.deadline
                ),
            });
        }
        Ok(self)
    }
}
