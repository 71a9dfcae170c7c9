//! Configuration: environment variables and the few options of Toxiproxy's own program, read once.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::limits::LEASE_MAX;

/// The port where clients look for it.
const STANDARD_PORT: u16 = 8474;

/// A setting that makes no sense.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{name} is not usable: {reason}")]
pub struct ConfigError {
    name: &'static str,
    reason: String,
}

/// How it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The control API: `CHAOS_PROXY_ADDR`, on loopback unless it is said otherwise: whoever reaches it can break things.
    pub control: SocketAddr,
    /// What all random decisions hang on: `CHAOS_PROXY_SEED`.
    pub seed: u64,
    /// The lease of a fault that names none: `CHAOS_PROXY_LEASE_DEFAULT_MS`. Without it such a fault stays, as in Toxiproxy.
    pub lease_default: Option<Duration>,
    /// Edges to begin with, in the form of `POST /populate`: `CHAOS_PROXY_EDGES`, a file.
    pub edges: Option<PathBuf>,
}

impl Config {
    /// From environment variables.
    ///
    /// # Errors
    /// When one is set and makes no sense.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let vars: HashMap<String, String> = vars.into_iter().collect();
        let get = |name: &str| vars.get(name).filter(|value| !value.is_empty());
        let wrong = |name, reason: String| ConfigError { name, reason };
        let control = get("CHAOS_PROXY_ADDR").map(|text| text.parse());
        let seed = get("CHAOS_PROXY_SEED").map(|text| text.parse());
        let lease = get("CHAOS_PROXY_LEASE_DEFAULT_MS").map(|text| text.parse::<u64>());
        let lease = lease
            .transpose()
            .map_err(|error| wrong("CHAOS_PROXY_LEASE_DEFAULT_MS", error.to_string()))?;
        let lease = lease.map(Duration::from_millis);
        if lease.is_some_and(|lease| lease.is_zero() || lease > LEASE_MAX) {
            let reason = format!("give 1 to {}", LEASE_MAX.as_millis());
            return Err(wrong("CHAOS_PROXY_LEASE_DEFAULT_MS", reason));
        }
        Ok(Self {
            control: control
                .transpose()
                .map_err(|error: std::net::AddrParseError| {
                    wrong("CHAOS_PROXY_ADDR", error.to_string())
                })?
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], STANDARD_PORT))),
            seed: seed
                .transpose()
                .map_err(|error: std::num::ParseIntError| {
                    wrong("CHAOS_PROXY_SEED", error.to_string())
                })?
                .unwrap_or_default(),
            lease_default: lease,
            edges: get("CHAOS_PROXY_EDGES").map(PathBuf::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(name: &str, value: &str) -> Result<Config, ConfigError> {
        Config::from_vars([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn without_variables_it_is_where_clients_look_and_leases_nothing() {
        let config = Config::from_vars([]).expect("usable");
        assert_eq!(config.control.to_string(), "127.0.0.1:8474");
        assert_eq!((config.lease_default, config.edges), (None, None));
    }

    #[test]
    fn a_value_that_makes_no_sense_is_refused_with_its_name() {
        for (name, value) in [
            ("CHAOS_PROXY_ADDR", "here"),
            ("CHAOS_PROXY_SEED", "-1"),
            ("CHAOS_PROXY_LEASE_DEFAULT_MS", "0"),
            ("CHAOS_PROXY_LEASE_DEFAULT_MS", "3600001"),
        ] {
            let error = config(name, value).expect_err("refused").to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
