//! What can be set at the door, with the reason for each default.

use std::num::NonZeroU32;

use chassis::config::{ConfigError, Env, Secret};
use sha2::{Digest as _, Sha256};

/// Requests a minute, by who asks. A bucket holds one minute's worth, so a burst of that size passes. Zero is refused:
/// it would shut the shop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimits {
    /// By address, without a token: `RATE_LIMIT_ANONYMOUS_PER_MINUTE`. A thousand a second, because in a
    /// lab all customers come from one address, load testers among them.
    pub(crate) anonymous: NonZeroU32,
    /// By user: `RATE_LIMIT_STANDARD_PER_MINUTE`. Ten a second is more than a person can click.
    pub(crate) standard: NonZeroU32,
    /// By user with the premium tier: `RATE_LIMIT_PREMIUM_PER_MINUTE`.
    pub(crate) premium: NonZeroU32,
    /// By address, for registering and logging in: `RATE_LIMIT_AUTH_PER_MINUTE`. Each costs a password hash.
    pub(crate) auth: NonZeroU32,
}

/// A program that is known by its key.
#[derive(Clone, Debug)]
pub(crate) struct ApiKey {
    pub(crate) name: String,
    pub(crate) premium: bool,
    sha256: String,
}

/// The gateway's own configuration.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// `REDIS_URL`; a secret, for it may hold a password.
    pub(crate) redis_url: Secret,
    pub(crate) limits: RateLimits,
    /// `GATEWAY_API_KEYS=name:tier:sha256,…`: hashes, so that the configuration holds no key.
    pub(crate) api_keys: Vec<ApiKey>,
    /// `CORS_ORIGINS=https://shop.example,…`; by default any port of localhost.
    pub(crate) cors_origins: Option<Vec<String>>,
    /// `UPSTREAMS_FILE`: JSON that replaces the upstreams' addresses whenever it changes.
    pub(crate) upstreams_file: Option<std::path::PathBuf>,
}

impl Config {
    pub(crate) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let limit = |tier: &str, default: u32| {
            let default = NonZeroU32::new(default).expect("defaults are not zero");
            env.parsed_or(&format!("RATE_LIMIT_{tier}_PER_MINUTE"), default)
        };
        let limits = RateLimits {
            anonymous: limit("ANONYMOUS", 60_000)?,
            standard: limit("STANDARD", 600)?,
            premium: limit("PREMIUM", 6_000)?,
            auth: limit("AUTH", 1_200)?,
        };
        let api_keys = env
            .get("GATEWAY_API_KEYS")
            .map_or(Ok(Vec::new()), parse_api_keys)?;
        let cors_origins = env
            .get("CORS_ORIGINS")
            .map(|list| list.split(',').map(str::to_owned).collect());
        Ok(Self {
            redis_url: env.secret("REDIS_URL", "a redis:// URL")?,
            limits,
            api_keys,
            cors_origins,
            upstreams_file: env.get("UPSTREAMS_FILE").map(Into::into),
        })
    }

    /// The program that holds this key.
    pub(crate) fn api_key(&self, key: &str) -> Option<&ApiKey> {
        // Comparing hashes: what leaks through timing is of no use without a preimage.
        let hash = hex::encode(Sha256::digest(key.as_bytes()));
        self.api_keys.iter().find(|known| known.sha256 == hash)
    }
}

fn parse_api_keys(list: &str) -> Result<Vec<ApiKey>, ConfigError> {
    list.split(',').map(parse_api_key).collect()
}

fn parse_api_key(entry: &str) -> Result<ApiKey, ConfigError> {
    let fields: Vec<_> = entry.trim().split(':').collect();
    match fields[..] {
        [name, tier @ ("standard" | "premium"), sha256]
            if sha256.len() == 64 && hex::decode(sha256).is_ok() =>
        {
            Ok(ApiKey {
                name: name.to_owned(),
                premium: tier == "premium",
                sha256: sha256.to_ascii_lowercase(),
            })
        }
        _ => Err(ConfigError::Invalid {
            name: "GATEWAY_API_KEYS".to_owned(),
            reason: "an entry is name:standard|premium:sha256-in-hex".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_hash_and_a_malformed_entry_is_refused() {
        let hash = hex::encode(Sha256::digest(b"open sesame"));
        let env = Env::from_pairs([
            ("REDIS_URL", "redis://x".to_owned()),
            ("GATEWAY_API_KEYS", format!("partner:premium:{hash}")),
        ]);
        let config = Config::from_env(&env).unwrap();
        assert_eq!(config.api_key("open sesame").unwrap().name, "partner");
        assert!(config.api_key("open").is_none());
        for bad in ["x", "a:gold:00", "a:premium:zz"] {
            assert!(parse_api_keys(bad).is_err(), "{bad}");
        }
    }
    #[test]
    fn a_limit_of_zero_is_refused_by_name() {
        let env = Env::from_pairs([
            ("REDIS_URL", "redis://x"),
            ("RATE_LIMIT_AUTH_PER_MINUTE", "0"),
        ]);
        let error = Config::from_env(&env).unwrap_err();
        assert!(error.to_string().starts_with("RATE_LIMIT_AUTH_PER_MINUTE"));
    }
}
