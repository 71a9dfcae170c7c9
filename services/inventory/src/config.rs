//! Configuration of this service alone; what all services share is in the chassis.

use std::time::Duration;

use chassis::config::{ConfigError, Env};

/// What the inventory is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// `KAFKA_BROKERS`, `host:port,…`.
    pub kafka_brokers: String,
    /// `RESERVATION_HOLD_MS`, 15 minutes: long enough for a payment that needs a second factor, short enough that
    /// abandoned baskets do not empty the shop.
    pub reservation_hold: Duration,
    /// `EXPIRY_SWEEP_MS`, 1 s: how much later than that stock may come back. One query on a partial index.
    pub expiry_sweep: Duration,
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
            reservation_hold: at_least_1_ms(env, "RESERVATION_HOLD_MS", 15 * 60 * 1000)?,
            expiry_sweep: at_least_1_ms(env, "EXPIRY_SWEEP_MS", 1_000)?,
        })
    }
}

/// Zero would mean reservations that expire at once, or a sweep that never rests.
fn at_least_1_ms(env: &Env, name: &str, default_ms: u64) -> Result<Duration, ConfigError> {
    let duration = env.millis_or(name, default_ms)?;
    if duration.is_zero() {
        let reason = "must be at least 1 millisecond".to_owned();
        return Err(ConfigError::Invalid {
            name: name.to_owned(),
            reason,
        });
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str, value: &str) -> Env {
        Env::from_pairs([("KAFKA_BROKERS", "localhost:9092"), (name, value)])
    }

    #[test]
    fn a_reservation_holds_for_15_minutes_unless_told_otherwise() {
        let config = Config::from_env(&env("UNRELATED", "1")).unwrap();
        assert_eq!(config.reservation_hold, Duration::from_secs(15 * 60));
    }

    #[test]
    fn durations_of_zero_are_refused_by_name() {
        for name in ["RESERVATION_HOLD_MS", "EXPIRY_SWEEP_MS"] {
            let error = Config::from_env(&env(name, "0")).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }
}
