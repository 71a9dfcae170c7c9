//! Revoked access tokens in Redis, where the gateway and other services find them: `revoked:<id>`.
//!
//! The id is a token's (`jti`), or a session's (`sid`), which stands for all its tokens. Ids are UUIDs, so the two cannot
//! be mistaken for each other. A key lives as long as the tokens could have.

use redis::RedisResult;
use uuid::Uuid;

use super::redis::Redis;

/// Revokes ids, each for so many seconds.
pub(crate) async fn revoke(redis: &Redis, ids: &[(Uuid, u64)]) -> RedisResult<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut commands = redis::pipe();
    for (id, seconds) in ids {
        // Redis refuses a life of 0 seconds; an expired token needs no more.
        commands.set_ex(key(*id), 1, (*seconds).max(1)).ignore();
    }
    redis.run(&commands).await
}

/// Whether a token, or the session it belongs to, was revoked.
pub(crate) async fn is_revoked(redis: &Redis, token: Uuid, session: Uuid) -> RedisResult<bool> {
    let mut commands = redis::pipe();
    commands.exists([key(token), key(session)].as_slice());
    let (found,): (u8,) = redis.run(&commands).await?;
    Ok(found > 0)
}

fn key(id: Uuid) -> String {
    format!("revoked:{id}")
}
