//! Configuration of this service alone; what all services share is in the chassis.

use chassis::config::{ConfigError, Env};

/// What the catalogue is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// `KAFKA_BROKERS`, `host:port,…`.
    pub kafka_brokers: String,
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
        })
    }
}
