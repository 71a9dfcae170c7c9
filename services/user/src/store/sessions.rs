//! Sessions and their refresh tokens. Locks are taken in the order user, session, token.

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::domain::{SessionId, TokenHash, UserId};

/// Why a session ended, as the database spells it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reason {
    Logout,
    TokenReused,
    UserDeleted,
    RoleRemoved,
    PasswordChanged,
}

/// What became of a refresh token that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// It was good, and is used up; the fresh one is good now.
    Rotated { user: UserId, session: SessionId },
    /// It had been used up before. Somebody else has it too; the session is revoked.
    Reused { session: SessionId },
    /// Its session is over.
    Revoked,
    /// Its time is up.
    Expired,
    /// We never issued it, or forgot it long after its end.
    Unknown,
}

#[derive(FromRow)]
struct Presented {
    session_id: SessionId,
    user_id: UserId,
    rotated: bool,
    revoked: bool,
    expired: bool,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::TokenReused => "token_reused",
            Self::UserDeleted => "user_deleted",
            Self::RoleRemoved => "role_removed",
            Self::PasswordChanged => "password_changed",
        }
    }
}

/// Begins a session with its first refresh token.
pub(crate) async fn begin(
    conn: &mut PgConnection,
    user: UserId,
    first: &TokenHash,
    lifetime_s: u32,
) -> sqlx::Result<SessionId> {
    let session = SessionId::new();
    sqlx::query(
        "INSERT INTO sessions (id, user_id, expires_at)
         VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))",
    )
    .bind(session)
    .bind(user)
    .bind(f64::from(lifetime_s))
    .execute(&mut *conn)
    .await?;
    insert_token(conn, session, first, lifetime_s).await?;
    Ok(session)
}

/// Exchanges a token for a fresh one. Of several that present it at once one gets [`Rotation::Rotated`], because the
/// row lock lines them up; to the others it is a token that was used before.
///
/// Commit also when the answer is no: [`Rotation::Reused`] has revoked the session.
pub(crate) async fn rotate(
    conn: &mut PgConnection,
    presented: &TokenHash,
    fresh: &TokenHash,
    lifetime_s: u32,
) -> sqlx::Result<Rotation> {
    let Some(found) = lock_presented(conn, presented).await? else {
        return Ok(Rotation::Unknown);
    };
    let session = found.session_id;
    if found.rotated {
        revoke(conn, found.user_id, session, Reason::TokenReused).await?;
        return Ok(Rotation::Reused { session });
    }
    if found.revoked {
        return Ok(Rotation::Revoked);
    }
    if found.expired {
        return Ok(Rotation::Expired);
    }
    sqlx::query("UPDATE refresh_tokens SET rotated_at = clock_timestamp() WHERE hash = $1")
        .bind(presented.as_bytes())
        .execute(&mut *conn)
        .await?;
    insert_token(conn, session, fresh, lifetime_s).await?;
    prolong(conn, session, lifetime_s).await?;
    Ok(Rotation::Rotated {
        user: found.user_id,
        session,
    })
}

async fn lock_presented(
    conn: &mut PgConnection,
    presented: &TokenHash,
) -> sqlx::Result<Option<Presented>> {
    sqlx::query_as(
        "SELECT s.id AS session_id, s.user_id, t.rotated_at IS NOT NULL AS rotated,
                s.revoked_at IS NOT NULL AS revoked, t.expires_at <= clock_timestamp() AS expired
         FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
         WHERE t.hash = $1 FOR UPDATE OF s, t",
    )
    .bind(presented.as_bytes())
    .fetch_optional(conn)
    .await
}

async fn insert_token(
    conn: &mut PgConnection,
    session: SessionId,
    hash: &TokenHash,
    lifetime_s: u32,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO refresh_tokens (hash, session_id, expires_at)
         VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))",
    )
    .bind(hash.as_bytes())
    .bind(session)
    .bind(f64::from(lifetime_s))
    .execute(conn)
    .await?;
    Ok(())
}

async fn prolong(conn: &mut PgConnection, session: SessionId, lifetime_s: u32) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE sessions SET expires_at = clock_timestamp() + make_interval(secs => $2) WHERE id = $1",
    )
    .bind(session)
    .bind(f64::from(lifetime_s))
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a session. False if it was over already.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    user: UserId,
    session: SessionId,
    reason: Reason,
) -> sqlx::Result<bool> {
    sqlx::query(
        "UPDATE sessions SET revoked_at = clock_timestamp(), revoked_reason = $3
         WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL",
    )
    .bind(session)
    .bind(user)
    .bind(reason.name())
    .execute(conn)
    .await
    .map(|done| done.rows_affected() == 1)
}

/// Ends all sessions of a user: those that it ended.
pub(crate) async fn revoke_all(
    conn: &mut PgConnection,
    user: UserId,
    reason: Reason,
) -> sqlx::Result<Vec<SessionId>> {
    sqlx::query_scalar(
        "UPDATE sessions SET revoked_at = clock_timestamp(), revoked_reason = $2
         WHERE user_id = $1 AND revoked_at IS NULL RETURNING id",
    )
    .bind(user)
    .bind(reason.name())
    .fetch_all(conn)
    .await
}

/// Sessions that ended within the last `lifetime_s` seconds and were not announced, at most so many: the access tokens
/// of older ones have expired.
pub(crate) async fn unannounced(
    conn: &mut PgConnection,
    lifetime_s: u32,
    limit: i64,
) -> sqlx::Result<Vec<SessionId>> {
    sqlx::query_scalar(
        "SELECT id FROM sessions
         WHERE revoked_at > clock_timestamp() - make_interval(secs => $1) AND NOT announced
         ORDER BY revoked_at LIMIT $2",
    )
    .bind(f64::from(lifetime_s))
    .bind(limit)
    .fetch_all(conn)
    .await
}

/// Notes that the end of these sessions was announced.
pub(crate) async fn mark_announced(
    conn: &mut PgConnection,
    sessions: &[SessionId],
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = sessions.iter().map(|session| session.0).collect();
    sqlx::query("UPDATE sessions SET announced = true WHERE id = ANY ($1)")
        .bind(ids)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a session is still on.
pub(crate) async fn is_live(conn: &mut PgConnection, session: SessionId) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND revoked_at IS NULL)")
        .bind(session)
        .fetch_one(conn)
        .await
}

/// Forgets refresh tokens whose time is up, and sessions that have none left; at most so many of each.
pub(crate) async fn delete_expired(conn: &mut PgConnection, limit: i64) -> sqlx::Result<u64> {
    let tokens = sqlx::query(
        "DELETE FROM refresh_tokens WHERE hash IN
             (SELECT hash FROM refresh_tokens WHERE expires_at < clock_timestamp() LIMIT $1)",
    )
    .bind(limit)
    .execute(&mut *conn)
    .await?;
    let sessions = sqlx::query(
        "DELETE FROM sessions WHERE id IN
             (SELECT id FROM sessions WHERE expires_at < clock_timestamp() LIMIT $1)",
    )
    .bind(limit)
    .execute(conn)
    .await?;
    Ok(tokens.rows_affected() + sessions.rows_affected())
}
