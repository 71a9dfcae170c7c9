//! Access tokens that end before their time: told to Redis, where the gateway looks, at once or as soon as it is back.

use chassis::auth;
use chrono::Utc;
use tracing::warn;

use super::Commands;
use crate::{
    domain::SessionId,
    error::AccountError,
    store::{revocations, sessions},
};

/// Sessions announced in one round trip: after an outage of minutes all of them, without one long command.
const ANNOUNCED_AT_ONCE: i64 = 500;

impl Commands {
    /// Tells everybody who looks into Redis that the access tokens of these sessions are over. While Redis is away this
    /// service still knows, and nothing can be refreshed; the gateway hears of it when Redis is back, because the
    /// sessions stay unannounced until then, see [`announce_pending`](Self::announce_pending).
    pub(super) async fn announce_revoked(&self, sessions: &[SessionId]) {
        if let Err(error) = self.announce(sessions).await {
            warn!(
                error = format!("{error:#}"),
                "revocation is announced later"
            );
        }
    }

    /// Announces sessions whose end could not be announced when it came, a batch of the oldest; returns how many.
    ///
    /// # Errors
    /// The database's or Redis's: then they stay as they are.
    pub(crate) async fn announce_pending(&self) -> anyhow::Result<usize> {
        let lifetime_s = self.lifetimes.access_s;
        let mut conn = self.pool.acquire().await?;
        let pending = sessions::unannounced(&mut conn, lifetime_s, ANNOUNCED_AT_ONCE).await?;
        // Redis is not asked while a connection is held.
        drop(conn);
        self.announce(&pending).await?;
        Ok(pending.len())
    }

    async fn announce(&self, sessions: &[SessionId]) -> anyhow::Result<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        let lifetime_s = u64::from(self.lifetimes.access_s);
        let ids: Vec<_> = sessions
            .iter()
            .map(|session| (session.0, lifetime_s))
            .collect();
        if let Err(error) = revocations::revoke(&self.redis, &ids).await {
            self.without_redis("revocation", &error);
            return Err(error.into());
        }
        let mut conn = self.pool.acquire().await?;
        Ok(sessions::mark_announced(&mut conn, sessions).await?)
    }

    pub(super) async fn revoke_token(&self, caller: &auth::User) {
        let left_s = u64::try_from(caller.expires_at - Utc::now().timestamp()).unwrap_or(0);
        let revoked = revocations::revoke(&self.redis, &[(caller.token_id, left_s)]).await;
        if let Err(error) = revoked {
            self.without_redis("revocation", &error);
        }
    }

    /// Whether an access token was revoked before its time. Redis knows; when it is away, the session's row does.
    ///
    /// # Errors
    /// Neither answers.
    pub(crate) async fn is_revoked(&self, caller: &auth::User) -> Result<bool, AccountError> {
        let (token, session) = (caller.token_id, caller.session_id);
        match revocations::is_revoked(&self.redis, token, session).await {
            Ok(revoked) => Ok(revoked),
            Err(error) => {
                self.without_redis("revocation_check", &error);
                let mut conn = self.pool.acquire().await?;
                Ok(!sessions::is_live(&mut conn, SessionId(session)).await?)
            }
        }
    }
}
