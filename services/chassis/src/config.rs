//! Configuration from environment variables, read once, before a port is bound.
//!
//! [`Env`] is the only reader of the process environment. Every error names the variable, what it should hold and what
//! it held, so that a failed start explains itself. Secrets are wrapped in [`Secret`], which never prints.

use std::{collections::HashMap, fmt, net::SocketAddr, str::FromStr, sync::Arc, time::Duration};

use thiserror::Error;

/// A variable that is missing or makes no sense.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The variable is required and not set.
    #[error("{name} is not set; it must hold {expected}")]
    Missing {
        /// Name of the variable.
        name: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// The variable is set, but cannot be understood.
    #[error("{name} is not usable: {reason}")]
    Invalid {
        /// Name of the variable.
        name: String,
        /// Why it was refused; never repeats a secret.
        reason: String,
    },
}

/// A snapshot of environment variables. Cloning gives another handle on the same one.
#[derive(Clone, Default)]
pub struct Env {
    vars: Arc<HashMap<String, String>>,
}

impl Env {
    /// Reads the process environment.
    pub fn from_process() -> Self {
        Self {
            vars: Arc::new(std::env::vars().collect()),
        }
    }

    /// A made-up environment, as tests hand to a service.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self {
            vars: Arc::new(
                pairs
                    .into_iter()
                    .map(|(k, v)| (k.into(), v.into()))
                    .collect(),
            ),
        }
    }

    /// The raw value; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A value that must be there. `expected` finishes the sentence "it must hold …".
    pub fn required(&self, name: &str, expected: &'static str) -> Result<&str, ConfigError> {
        self.get(name).ok_or_else(|| ConfigError::Missing {
            name: name.to_owned(),
            expected,
        })
    }

    /// A required value of a type.
    pub fn parsed<T: FromStr>(&self, name: &str, expected: &'static str) -> Result<T, ConfigError>
    where
        T::Err: fmt::Display,
    {
        parse(name, self.required(name, expected)?)
    }

    /// An optional value of a type, with the default that a reader of the code should see.
    pub fn parsed_or<T: FromStr>(&self, name: &str, default: T) -> Result<T, ConfigError>
    where
        T::Err: fmt::Display,
    {
        self.get(name)
            .map_or(Ok(default), |value| parse(name, value))
    }

    /// A duration in whole milliseconds.
    pub fn millis_or(&self, name: &str, default_ms: u64) -> Result<Duration, ConfigError> {
        Ok(Duration::from_millis(self.parsed_or(name, default_ms)?))
    }

    /// A required secret.
    pub fn secret(&self, name: &str, expected: &'static str) -> Result<Secret, ConfigError> {
        Ok(Secret::new(self.required(name, expected)?))
    }
}

fn parse<T: FromStr>(name: &str, value: &str) -> Result<T, ConfigError>
where
    T::Err: fmt::Display,
{
    value.parse().map_err(|error: T::Err| ConfigError::Invalid {
        name: name.to_owned(),
        reason: error.to_string(),
    })
}

/// A value that must never reach a log: `Debug` is redacted and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What every service is told, whatever it does.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// Name of the service, as telemetry and tokens know it.
    pub name: &'static str,
    /// Public API: `SERVICE_HTTP_ADDR`, `127.0.0.1:0` lets the system choose.
    pub http_addr: SocketAddr,
    /// Health, metrics and control: `SERVICE_ADMIN_ADDR`.
    pub admin_addr: SocketAddr,
    /// How long a request may take before it is answered with 503: `REQUEST_TIMEOUT_MS`.
    /// Longer than the longest edge deadline, so that a slow neighbour is reported as such first.
    pub request_timeout: Duration,
    /// Requests worked on at once before new ones are shed: `REQUESTS_IN_FLIGHT_MAX`.
    /// By Little's law 512 is 5,000 requests a second at 100 ms each; more would only queue for two cores.
    pub requests_in_flight_max: usize,
    /// Largest accepted body: `BODY_BYTES_MAX`, 1 MiB. No request of the shop needs a tenth of it.
    pub body_bytes_max: usize,
    /// Time between the first signal and the exit: `SHUTDOWN_DEADLINE_MS`.
    pub shutdown_deadline: Duration,
}

impl ServiceConfig {
    /// Reads what is common to all services.
    pub fn from_env(name: &'static str, env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            name,
            http_addr: env.parsed_or("SERVICE_HTTP_ADDR", SocketAddr::from(([127, 0, 0, 1], 0)))?,
            admin_addr: env
                .parsed_or("SERVICE_ADMIN_ADDR", SocketAddr::from(([127, 0, 0, 1], 0)))?,
            request_timeout: env.millis_or("REQUEST_TIMEOUT_MS", 10_000)?,
            requests_in_flight_max: env.parsed_or("REQUESTS_IN_FLIGHT_MAX", 512)?,
            body_bytes_max: env.parsed_or("BODY_BYTES_MAX", 1024 * 1024)?,
            shutdown_deadline: env.millis_or("SHUTDOWN_DEADLINE_MS", 3_000)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named_with_what_it_should_hold() {
        let error = Env::default()
            .required("DATABASE_URL", "a postgres:// URL")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "DATABASE_URL is not set; it must hold a postgres:// URL"
        );
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let env = Env::from_pairs([("LIMIT", "")]);
        assert_eq!(env.parsed_or("LIMIT", 7).unwrap(), 7);
    }

    #[test]
    fn a_malformed_number_is_refused_with_its_name() {
        let env = Env::from_pairs([("LIMIT", "many")]);
        let error = env.parsed_or("LIMIT", 7_u32).unwrap_err();
        assert!(
            error.to_string().starts_with("LIMIT is not usable"),
            "{error}"
        );
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }
}
