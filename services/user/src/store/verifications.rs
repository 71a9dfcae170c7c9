//! Pending proofs of e-mail addresses.

use sqlx::PgConnection;

use crate::domain::{TokenHash, UserId};

/// Stores the token that the next mail carries; an older one works no more.
pub(crate) async fn put(
    conn: &mut PgConnection,
    user: UserId,
    hash: &TokenHash,
    lifetime_s: u32,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO email_verifications (user_id, hash, expires_at)
         VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
         ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at",
    )
    .bind(user)
    .bind(hash.as_bytes())
    .bind(f64::from(lifetime_s))
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose address a good token proves. Lock the user before [`take`]: locks are taken in the order user, token.
pub(crate) async fn owner(
    conn: &mut PgConnection,
    hash: &TokenHash,
) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar(
        "SELECT user_id FROM email_verifications WHERE hash = $1 AND expires_at > clock_timestamp()",
    )
    .bind(hash.as_bytes())
    .fetch_optional(conn)
    .await
}

/// Uses a token up. False if somebody else just did.
pub(crate) async fn take(conn: &mut PgConnection, hash: &TokenHash) -> sqlx::Result<bool> {
    sqlx::query("DELETE FROM email_verifications WHERE hash = $1")
        .bind(hash.as_bytes())
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1)
}

/// Withdraws a user's token.
pub(crate) async fn delete(conn: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM email_verifications WHERE user_id = $1")
        .bind(user)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets tokens whose time is up.
pub(crate) async fn delete_expired(conn: &mut PgConnection) -> sqlx::Result<u64> {
    sqlx::query("DELETE FROM email_verifications WHERE expires_at < clock_timestamp()")
        .execute(conn)
        .await
        .map(|done| done.rows_affected())
}
