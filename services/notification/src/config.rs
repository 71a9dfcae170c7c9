//! Where events come from and mails go to.

use chassis::config::{ConfigError, Env, Secret};

/// This service's own configuration.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// `KAFKA_BROKERS`, `host:port,…`.
    pub(crate) kafka_brokers: String,
    /// `REDIS_URL`; a secret, for it may hold a password.
    pub(crate) redis_url: Secret,
    /// `smtp://host:port`. No TLS: in the lab the server is on the same machine.
    pub(crate) smtp_url: String,
    /// Sender of all mails: `MAIL_FROM`.
    pub(crate) mail_from: String,
}

impl Config {
    pub(crate) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            kafka_brokers: env
                .required("KAFKA_BROKERS", "host:port of the broker")?
                .to_owned(),
            redis_url: env.secret("REDIS_URL", "a redis:// URL")?,
            smtp_url: env.required("SMTP_URL", "smtp://host:port")?.to_owned(),
            mail_from: env
                .get("MAIL_FROM")
                .unwrap_or("Faultline <shop@faultline.test>")
                .to_owned(),
        })
    }
}
