//! Counters of login attempts in Redis, each with an end, so that they never pile up.
//!
//! Counted before the password is looked at: a hundred guesses at once do not slip through together.

use std::{net::IpAddr, time::Duration};

use aws_lc_rs::digest;
use redis::RedisResult;

use super::redis::Redis;
use crate::{config::AttemptLimits, domain::Email};

/// Who tries to become whom.
pub(crate) struct Attempt {
    source_key: String,
    account_key: String,
}

impl Attempt {
    /// Addresses are hashed: Redis has no need to know who our customers are.
    pub(crate) fn new(email: &Email, source: IpAddr) -> Self {
        let digest = digest::digest(&digest::SHA256, email.as_str().as_bytes());
        let account = hex::encode(&digest.as_ref()[..16]);
        Self {
            source_key: format!("login:{account}:{source}"),
            account_key: format!("login:{account}"),
        }
    }
}

/// Counts an attempt. `Some` when it is one too many: how long to wait.
pub(crate) async fn count(
    redis: &Redis,
    attempt: &Attempt,
    limits: AttemptLimits,
) -> RedisResult<Option<Duration>> {
    let mut commands = redis::pipe();
    commands.atomic();
    for key in [&attempt.source_key, &attempt.account_key] {
        // The first attempt sets the end of the window, the others leave it.
        commands
            .cmd("SET")
            .arg(key)
            .arg(0)
            .arg("EX")
            .arg(limits.window_s.max(1))
            .arg("NX")
            .ignore()
            .incr(key, 1)
            .ttl(key);
    }
    let (source, source_ttl, account, account_ttl): (u64, i64, u64, i64) =
        redis.run(&commands).await?;
    let over = [
        (source > u64::from(limits.source_max)).then_some(source_ttl),
        (account > u64::from(limits.account_max)).then_some(account_ttl),
    ];
    let wait_s = over.into_iter().flatten().max();
    Ok(wait_s.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1))))
}

/// The right password was given: whoever this is starts from zero.
pub(crate) async fn forget(redis: &Redis, attempt: &Attempt) -> RedisResult<()> {
    let mut commands = redis::pipe();
    commands
        .del([&attempt.source_key, &attempt.account_key].as_slice())
        .ignore();
    redis.run(&commands).await
}
