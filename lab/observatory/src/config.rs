//! Configuration: environment variables, read once.

use std::collections::HashMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::str::FromStr;

use thiserror::Error;

/// A few traces must fit, and a request of the largest size.
const MEMORY_MB_MIN: usize = 8;

/// A variable that makes no sense.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{name} is not usable: {reason}")]
pub struct ConfigError {
    name: &'static str,
    reason: String,
}

/// Where it listens and how much it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// OTLP/HTTP: `OBSERVATORY_OTLP_HTTP_ADDR`.
    pub otlp_http: SocketAddr,
    /// OTLP/gRPC: `OBSERVATORY_OTLP_GRPC_ADDR`.
    pub otlp_grpc: SocketAddr,
    /// Jaeger's query API: `OBSERVATORY_QUERY_ADDR`.
    pub query: SocketAddr,
    /// Health and metrics: `OBSERVATORY_ADMIN_ADDR`.
    pub admin: SocketAddr,
    /// Memory for traces and logs, in bytes: `OBSERVATORY_MEMORY_MB`. The process itself takes
    /// about ten megabytes more.
    pub memory_bytes: usize,
}

impl Config {
    /// From environment variables. What is not set has the port that tools expect, on loopback.
    ///
    /// # Errors
    /// When one is set and makes no sense.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let vars: HashMap<String, String> = vars.into_iter().collect();
        let addr = |name, port| parsed(&vars, name, SocketAddr::from(([127, 0, 0, 1], port)));
        let megabytes: usize = parsed(&vars, "OBSERVATORY_MEMORY_MB", 64)?;
        if megabytes < MEMORY_MB_MIN {
            return Err(ConfigError {
                name: "OBSERVATORY_MEMORY_MB",
                reason: format!("give at least {MEMORY_MB_MIN}"),
            });
        }
        Ok(Self {
            otlp_http: addr("OBSERVATORY_OTLP_HTTP_ADDR", 4318)?,
            otlp_grpc: addr("OBSERVATORY_OTLP_GRPC_ADDR", 4317)?,
            query: addr("OBSERVATORY_QUERY_ADDR", 16_686)?,
            admin: addr("OBSERVATORY_ADMIN_ADDR", 9686)?,
            memory_bytes: megabytes.saturating_mul(1_000_000),
        })
    }
}

fn parsed<T: FromStr<Err: Display>>(
    vars: &HashMap<String, String>,
    name: &'static str,
    default: T,
) -> Result<T, ConfigError> {
    let Some(text) = vars.get(name).filter(|text| !text.is_empty()) else {
        return Ok(default);
    };
    text.parse().map_err(|error: T::Err| ConfigError {
        name,
        reason: format!("{text:?}: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(name: &str, value: &str) -> Result<Config, ConfigError> {
        Config::from_vars([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn without_variables_it_listens_where_tools_expect_it() {
        let config = Config::from_vars([]).expect("usable");
        let ports = [config.otlp_grpc, config.otlp_http, config.query].map(|addr| addr.port());
        assert_eq!(
            (ports, config.memory_bytes),
            ([4317, 4318, 16_686], 64_000_000)
        );
    }

    #[test]
    fn a_value_that_makes_no_sense_is_refused_with_its_name() {
        for (name, value) in [
            ("OBSERVATORY_QUERY_ADDR", "here"),
            ("OBSERVATORY_MEMORY_MB", "much"),
            ("OBSERVATORY_MEMORY_MB", "1"),
        ] {
            let error = config(name, value).expect_err("refused").to_string();
            assert!(error.starts_with(name), "{error}");
        }
        assert!(config("OBSERVATORY_MEMORY_MB", "").is_ok());
    }
}
