//! What this service reads from the environment beside the common variables, each with its reason.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chassis::{
    config::{ConfigError, Env, Secret},
    service::Context,
};

use crate::domain::{Email, Password};

/// Configuration of the user service.
pub struct Config {
    /// `REDIS_URL`
    pub(crate) redis_url: Secret,
    /// `KAFKA_BROKERS`
    pub(crate) brokers: String,
    /// `KEY_ENCRYPTION_KEY`
    pub(crate) key_encryption_key: [u8; 32],
    /// `ADMIN_EMAIL` and `ADMIN_PASSWORD`
    pub(crate) admin: Option<Admin>,
    /// `PUBLIC_URL`
    pub(crate) public_url: String,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) hashing: HashingLimits,
    pub(crate) attempts: AttemptLimits,
    /// `SWEEP_INTERVAL_MS`, one minute: how long expired rows and published personal data may lie around.
    pub(crate) sweep_interval: Duration,
    /// `REVOCATION_POLL_MS`, one second: how long after Redis is back a token may still be good whose end could not be
    /// announced there. One query on a partial index that is nearly always empty.
    pub(crate) revocation_poll: Duration,
}

/// The administrator that the operator asks for.
pub(crate) struct Admin {
    pub(crate) email: Email,
    pub(crate) password: Password,
}

/// How long things that were handed out stay good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    /// `ACCESS_TOKEN_LIFETIME_S`, 15 minutes: the longest that a stolen one is of use where revocation is not looked up.
    pub(crate) access_s: u32,
    /// `REFRESH_TOKEN_LIFETIME_S`, 7 days: how long a customer may stay away and still be logged in.
    pub(crate) refresh_s: u32,
    /// `VERIFICATION_LIFETIME_S`, 24 hours: somebody reads their mail the next morning.
    pub(crate) verification_s: u32,
}

/// Limits of password hashing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashingLimits {
    /// `HASHING_CONCURRENCY`, 2: one a core, each with 7 MiB. More would only share the cores, and cost memory.
    pub(crate) concurrency: usize,
    /// `HASHING_WAITING_MAX`, 128: about as many as are done within the longest wait.
    pub(crate) waiting_max: usize,
    /// `HASHING_WAIT_MS`, 2 s: then the client hears 503 while it still listens.
    pub(crate) wait: Duration,
}

/// Limits of login attempts that did not succeed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptLimits {
    /// `LOGIN_ATTEMPTS_MAX`, 10, from one source on one account: a person who forgot their password gives up sooner.
    pub(crate) source_max: u32,
    /// `LOGIN_ATTEMPTS_ACCOUNT_MAX`, 100, from everywhere on one account: guessing from many addresses stays hopeless,
    /// and locking somebody out takes some effort.
    pub(crate) account_max: u32,
    /// `LOGIN_ATTEMPTS_WINDOW_S`, 5 minutes from the first attempt.
    pub(crate) window_s: u32,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// The first variable that is missing or makes no sense.
    pub fn from_env(context: &Context) -> Result<Self, ConfigError> {
        let env = &context.env;
        let key = env.secret("KEY_ENCRYPTION_KEY", "32 bytes in hex or base64")?;
        Ok(Self {
            redis_url: env.secret("REDIS_URL", "a redis:// URL")?,
            brokers: env
                .required("KAFKA_BROKERS", "host:port of a Kafka broker")?
                .to_owned(),
            key_encryption_key: decode_key(&key)?,
            admin: admin(env)?,
            public_url: env
                .get("PUBLIC_URL")
                .map_or_else(
                    || format!("http://{}", context.config.http_addr),
                    str::to_owned,
                )
                .trim_end_matches('/')
                .to_owned(),
            lifetimes: Lifetimes {
                access_s: env.parsed_or("ACCESS_TOKEN_LIFETIME_S", 15 * 60)?,
                refresh_s: env.parsed_or("REFRESH_TOKEN_LIFETIME_S", 7 * 24 * 3600)?,
                verification_s: env.parsed_or("VERIFICATION_LIFETIME_S", 24 * 3600)?,
            },
            hashing: HashingLimits {
                concurrency: env.parsed_or("HASHING_CONCURRENCY", 2)?,
                waiting_max: env.parsed_or("HASHING_WAITING_MAX", 128)?,
                wait: env.millis_or("HASHING_WAIT_MS", 2_000)?,
            },
            attempts: AttemptLimits {
                source_max: env.parsed_or("LOGIN_ATTEMPTS_MAX", 10)?,
                account_max: env.parsed_or("LOGIN_ATTEMPTS_ACCOUNT_MAX", 100)?,
                window_s: env.parsed_or("LOGIN_ATTEMPTS_WINDOW_S", 5 * 60)?,
            },
            sweep_interval: env.millis_or("SWEEP_INTERVAL_MS", 60_000)?,
            revocation_poll: env.millis_or("REVOCATION_POLL_MS", 1_000)?,
        })
    }
}

/// 64 hex digits or 44 base64 characters; never both, so there is no doubt which is meant.
fn decode_key(text: &Secret) -> Result<[u8; 32], ConfigError> {
    let text = text.expose().trim();
    hex::decode(text)
        .ok()
        .or_else(|| STANDARD.decode(text).ok())
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| invalid("KEY_ENCRYPTION_KEY", "it is not 32 bytes in hex or base64"))
}

fn admin(env: &Env) -> Result<Option<Admin>, ConfigError> {
    let (email, password) = match (env.get("ADMIN_EMAIL"), env.get("ADMIN_PASSWORD")) {
        (None, None) => return Ok(None),
        (Some(email), Some(password)) => (email, password),
        (Some(_), None) => return Err(invalid("ADMIN_PASSWORD", "ADMIN_EMAIL is set without it")),
        (None, Some(_)) => return Err(invalid("ADMIN_EMAIL", "ADMIN_PASSWORD is set without it")),
    };
    let email = Email::parse(email).map_err(|error| invalid("ADMIN_EMAIL", error))?;
    let password = Password::choose(password.to_owned(), &email)
        .map_err(|error| invalid("ADMIN_PASSWORD", error))?;
    Ok(Some(Admin { email, password }))
}

fn invalid(name: &str, reason: impl ToString) -> ConfigError {
    ConfigError::Invalid {
        name: name.to_owned(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<[u8; 32], ConfigError> {
        decode_key(&Secret::new(text))
    }

    #[test]
    fn the_key_may_be_hex_or_base64() {
        let bytes = [0xab; 32];
        assert_eq!(key(&hex::encode(bytes)).unwrap(), bytes);
        assert_eq!(key(&STANDARD.encode(bytes)).unwrap(), bytes);
    }

    #[test]
    fn a_bad_key_is_refused_without_being_repeated() {
        for text in ["hunter2", &hex::encode([1; 31]), &STANDARD.encode([1; 33])] {
            let error = key(text).unwrap_err().to_string();
            assert!(!error.contains(text), "{error}");
        }
    }

    #[test]
    fn an_administrator_needs_both_halves_and_a_good_password() {
        let admin_of = |pairs: &[(&str, &str)]| admin(&Env::from_pairs(pairs.iter().copied()));
        assert!(admin_of(&[]).unwrap().is_none());
        assert!(admin_of(&[("ADMIN_EMAIL", "root@shop.example")]).is_err());
        assert!(admin_of(&[("ADMIN_PASSWORD", "a good long one")]).is_err());
        let email = ("ADMIN_EMAIL", "Root@Shop.example");
        assert!(admin_of(&[email, ("ADMIN_PASSWORD", "short")]).is_err());
        let admin = admin_of(&[email, ("ADMIN_PASSWORD", "a good long one")])
            .unwrap()
            .unwrap();
        assert_eq!(admin.email.as_str(), "root@shop.example");
    }
}
