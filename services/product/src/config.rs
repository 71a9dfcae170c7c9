//! Configuration of this service alone; what all services share is in the chassis.

use chassis::{
    config::{ConfigError, Env, Secret},
    db::DbConfig,
};

/// Connections by default. Reads by primary key take a fraction of a millisecond: four serve thousands a second.
const CONNECTIONS_MAX: u32 = 4;

/// What the catalogue is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DATABASE_URL`; a secret, for it holds a password.
    pub database_url: Secret,
    /// Limits of the pool: `DB_…`, with `DB_CONNECTIONS_MAX` at 4 by default.
    pub database: DbConfig,
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
            database_url: env.secret("DATABASE_URL", "a postgres:// URL")?,
            database: DbConfig {
                connections_max: env.parsed_or("DB_CONNECTIONS_MAX", CONNECTIONS_MAX)?,
                ..DbConfig::from_env("product", env)?
            },
            kafka_brokers: env
                .required("KAFKA_BROKERS", "host:port of a Kafka broker")?
                .to_owned(),
        })
    }
}
