//! Idempotency keys: the same request twice has one effect and one answer.
//!
//! The row is written in the transaction of the effect, so either both exist or neither. It knows no HTTP: the chassis's
//! HTTP layer reads the header and marks a replayed answer.

use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, FromRow, PgConnection};
use thiserror::Error;
use uuid::Uuid;

/// Longest key. Long enough for any client's scheme, short enough for an index.
pub const KEY_BYTES_MAX: usize = 255;

/// SHA-256 over method, path and body.
pub type RequestHash = [u8; 32];

/// A key that was refused.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("an idempotency key is 1 to {KEY_BYTES_MAX} visible ASCII characters")]
pub struct KeyInvalid;

/// What the caller has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Begin {
    /// First time: do the work, then [`complete`].
    New,
    /// An earlier request made this resource, and its lease ran out before there was an answer: whoever held it died.
    /// Go on with the resource; making another one would double the effect.
    Resume(Uuid),
    /// Done before: give the same answer.
    Replay(Stored),
    /// Somebody works on it: ask again later.
    InProgress {
        /// Until the lease ends; at least a second.
        retry_after: Duration,
    },
    /// The key was used for another request.
    Mismatch,
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
    /// What the request made, if it was attached.
    pub resource_id: Option<Uuid>,
}

#[derive(FromRow)]
struct Row {
    same_request: bool,
    resource_id: Option<Uuid>,
    response_status: Option<i32>,
    response_body: Option<Value>,
    lease_left_s: f64,
}

/// Checks the syntax of a key.
///
/// # Errors
/// Empty, too long, or with blanks, control or non-ASCII characters.
pub fn validate_key(key: &str) -> Result<(), KeyInvalid> {
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=KEY_BYTES_MAX).contains(&key.len()) {
        Ok(())
    } else {
        Err(KeyInvalid)
    }
}

/// Hash that tells whether two requests are the same. JSON counts by its meaning: white space and the order of members
/// do not matter. Any other body counts by its bytes.
pub fn hash(method: &str, path: &str, body: &[u8]) -> RequestHash {
    let mut hasher = Sha256::new();
    for part in [method, path] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    match serde_json::from_slice(body) {
        Ok(value) => hasher.update(canonical(&value)),
        Err(_) => hasher.update(body),
    }
    hasher.finalize().into()
}

/// JSON with sorted members, whatever map `serde_json` was compiled with.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            let members: Vec<_> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        scalar => scalar.to_string(),
    }
}

/// Claims a key inside the caller's transaction. `scope` separates operations and users, for example
/// `order.create:<user id>`. Of two requests at once the second waits here for the first one's commit.
///
/// An expired lease without an answer and without an attached resource is [`Begin::New`] again: nothing was made, or
/// what was made is idempotent by a key of its own.
///
/// # Errors
/// The database's.
pub async fn begin(
    conn: &mut PgConnection,
    scope: &str,
    key: &str,
    hash: &RequestHash,
    lease: Duration,
) -> sqlx::Result<Begin> {
    if insert(conn, scope, key, hash, lease).await? {
        return Ok(Begin::New);
    }
    let row = select(conn, scope, key, hash, "FOR UPDATE").await?;
    let row = row.expect("the insert found the row, and keys are never deleted");
    match decide(row) {
        Decision::Answer(begin) => Ok(begin),
        Decision::TakeOver(resource_id) => {
            renew(conn, scope, key, lease).await?;
            Ok(resource_id.map_or(Begin::New, Begin::Resume))
        }
    }
}

/// What [`begin`] would say, without claiming anything: for answering a repeated request before any work is done for
/// it. `None` for a key that was never used.
///
/// # Errors
/// The database's.
pub async fn peek(
    conn: &mut PgConnection,
    scope: &str,
    key: &str,
    hash: &RequestHash,
) -> sqlx::Result<Option<Begin>> {
    let row = select(conn, scope, key, hash, "").await?;
    Ok(row.map(|row| match decide(row) {
        Decision::Answer(begin) => begin,
        Decision::TakeOver(resource_id) => resource_id.map_or(Begin::New, Begin::Resume),
    }))
}

async fn select(
    conn: &mut PgConnection,
    scope: &str,
    key: &str,
    hash: &RequestHash,
    lock: &str,
) -> sqlx::Result<Option<Row>> {
    let sql = format!(
        "SELECT request_hash = $3 AS same_request, resource_id, response_status, response_body,
                extract(epoch FROM locked_until - clock_timestamp())::float8 AS lease_left_s
         FROM idempotency WHERE scope = $1 AND key = $2 {lock}"
    );
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(scope)
        .bind(key)
        .bind(&hash[..])
        .fetch_optional(conn)
        .await
}

async fn insert(
    conn: &mut PgConnection,
    scope: &str,
    key: &str,
    hash: &RequestHash,
    lease: Duration,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO idempotency (scope, key, request_hash, locked_until)
         VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
         ON CONFLICT ON CONSTRAINT idempotency_once DO NOTHING",
    )
    .bind(scope)
    .bind(key)
    .bind(&hash[..])
    .bind(lease.as_secs_f64())
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

enum Decision {
    Answer(Begin),
    TakeOver(Option<Uuid>),
}

fn decide(row: Row) -> Decision {
    if !row.same_request {
        return Decision::Answer(Begin::Mismatch);
    }
    if let (Some(status), Some(body)) = (row.response_status, row.response_body) {
        let status = u16::try_from(status).expect("complete() wrote a u16");
        return Decision::Answer(Begin::Replay(Stored {
            status,
            body,
            resource_id: row.resource_id,
        }));
    }
    if row.lease_left_s > 0.0 {
        // Whole seconds, because that is what Retry-After can say.
        let retry_after = Duration::from_secs_f64(row.lease_left_s.ceil().max(1.0));
        return Decision::Answer(Begin::InProgress { retry_after });
    }
    Decision::TakeOver(row.resource_id)
}

async fn renew(
    conn: &mut PgConnection,
    scope: &str,
    key: &str,
    lease: Duration,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE idempotency SET locked_until = clock_timestamp() + make_interval(secs => $3)
         WHERE scope = $1 AND key = $2",
    )
    .bind(scope)
    .bind(key)
    .bind(lease.as_secs_f64())
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes what the request made, in the transaction that makes it: a later holder resumes it, and a worker that knows
/// only the resource can [`complete_for_resource`].
///
/// # Errors
/// The database's.
pub async fn attach(
    conn: &mut PgConnection,
    scope: &str,
    key: &str,
    resource_id: Uuid,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE idempotency SET resource_id = $3 WHERE scope = $1 AND key = $2")
        .bind(scope)
        .bind(key)
        .bind(resource_id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores the answer. The first one stands: a late second worker does not change what a client may have seen.
///
/// # Errors
/// The database's.
pub async fn complete(
    conn: &mut PgConnection,
    scope: &str,
    key: &str,
    status: u16,
    body: &Value,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE idempotency SET response_status = $3, response_body = $4
         WHERE scope = $1 AND key = $2 AND response_status IS NULL",
    )
    .bind(scope)
    .bind(key)
    .bind(i32::from(status))
    .bind(body)
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores the answer of whichever key made the resource; nothing happens if none did.
///
/// # Errors
/// The database's.
pub async fn complete_for_resource(
    conn: &mut PgConnection,
    resource_id: Uuid,
    status: u16,
    body: &Value,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE idempotency SET response_status = $2, response_body = $3
         WHERE resource_id = $1 AND response_status IS NULL",
    )
    .bind(resource_id)
    .bind(i32::from(status))
    .bind(body)
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_member_order_do_not_change_the_hash() {
        let one = hash("POST", "/orders", br#"{"a":1,"b":[{"c":2,"d":3}]}"#);
        let two = hash(
            "POST",
            "/orders",
            b"{ \"b\": [ {\"d\":3, \"c\":2} ],\n \"a\": 1 }",
        );
        assert_eq!(one, two);
    }

    #[test]
    fn method_path_and_values_change_the_hash() {
        let base = hash("POST", "/orders", br#"{"a":1}"#);
        assert_ne!(base, hash("PUT", "/orders", br#"{"a":1}"#));
        assert_ne!(base, hash("POST", "/orders/1", br#"{"a":1}"#));
        assert_ne!(base, hash("POST", "/orders", br#"{"a":"1"}"#));
        assert_ne!(hash("POST", "/a", b"x"), hash("POST", "/ax", b""));
    }

    #[test]
    fn the_order_of_array_items_matters() {
        assert_ne!(hash("POST", "/", b"[1,2]"), hash("POST", "/", b"[2,1]"));
    }

    #[test]
    fn keys_are_short_and_visible() {
        assert_eq!(validate_key("5f0c-42"), Ok(()));
        assert_eq!(validate_key(&"k".repeat(255)), Ok(()));
        for bad in ["", "a b", "tab\t", "schlüssel", &"k".repeat(256)] {
            assert_eq!(validate_key(bad), Err(KeyInvalid), "{bad:?}");
        }
    }
}
