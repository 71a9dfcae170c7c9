//! Rows of signing keys.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

/// Advisory locks are numbered per database; this one stands for "who replaces the active key" ("keys" in ASCII).
const LOCK: i64 = 0x6b_65_79_73;

/// A key that is published, newest first.
#[derive(FromRow)]
pub(crate) struct KeyRow {
    pub(crate) kid: String,
    pub(crate) private_sealed: Vec<u8>,
    pub(crate) active: bool,
}

/// A key to be stored.
pub(crate) struct NewKey<'a> {
    pub(crate) kid: &'a str,
    pub(crate) private_sealed: &'a [u8],
}

/// Until the end of the caller's transaction no other instance makes or replaces a key.
pub(crate) async fn lock(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(conn)
        .await?;
    Ok(())
}

/// Id of the key that signs, if there is one yet.
pub(crate) async fn active(conn: &mut PgConnection) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT kid FROM signing_keys WHERE published_until IS NULL")
        .fetch_optional(conn)
        .await
}

/// All keys that may have signed a token which is still good.
pub(crate) async fn published(conn: &mut PgConnection) -> sqlx::Result<Vec<KeyRow>> {
    sqlx::query_as(
        "SELECT kid, private_sealed, published_until IS NULL AS active FROM signing_keys
         WHERE published_until IS NULL OR published_until > clock_timestamp()
         ORDER BY created_at DESC",
    )
    .fetch_all(conn)
    .await
}

/// Stores the active key. There must be none: [`retire`] the old one first.
pub(crate) async fn insert(conn: &mut PgConnection, key: NewKey<'_>) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO signing_keys (kid, private_sealed) VALUES ($1, $2)")
        .bind(key.kid)
        .bind(key.private_sealed)
        .execute(conn)
        .await?;
    Ok(())
}

/// The active key signs no more, and stays published for so many seconds. Its id and the end of its publication.
pub(crate) async fn retire(
    conn: &mut PgConnection,
    published_s: u32,
) -> sqlx::Result<Option<(String, DateTime<Utc>)>> {
    sqlx::query_as(
        "UPDATE signing_keys SET published_until = clock_timestamp() + make_interval(secs => $1)
         WHERE published_until IS NULL RETURNING kid, published_until",
    )
    .bind(f64::from(published_s))
    .fetch_optional(conn)
    .await
}

/// Forgets keys whose last token has expired.
pub(crate) async fn delete_expired(conn: &mut PgConnection) -> sqlx::Result<u64> {
    sqlx::query("DELETE FROM signing_keys WHERE published_until < clock_timestamp()")
        .execute(conn)
        .await
        .map(|done| done.rows_affected())
}
