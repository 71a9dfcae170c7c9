//! Idempotency keys: the same request twice has one effect and one answer.
//!
//! The row is written in the transaction of the effect, so either both exist or neither. The header is read by
//! [`crate::http::IdempotencyKey`]; what a repeated request is told is [`Repeated`], the same in every service.

mod repeated;
mod request;

use std::{sync::LazyLock, time::Duration};

use serde_json::Value;
use sqlx::{AssertSqlSafe, FromRow, PgConnection};
use uuid::Uuid;

pub use self::repeated::{Repeated, Stored};
pub use self::request::{KEY_BYTES_MAX, KeyInvalid, RequestHash, hash, validate_key};
use crate::protection::Protection;

static SWITCH: LazyLock<Protection> = LazyLock::new(|| {
    Protection::register(
        "idempotency",
        "a request that is sent twice is taken for two",
    )
});

/// Makes the protection known, so that it can be switched off; a service that takes keys calls this when it is built.
pub fn register() {
    LazyLock::force(&SWITCH);
}

/// What [`begin`] claims.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Separates operations and users, for example `order.create:<user id>`.
    pub scope: &'a str,
    /// What the client sent.
    pub key: &'a str,
    /// Of the request, to tell another one under the same key.
    pub hash: &'a RequestHash,
    /// How long a later request waits for this one's answer.
    pub lease: Duration,
    /// What the same transaction makes: a later holder of the key resumes it, and a worker that knows only the resource
    /// can [`complete_for_resource`]. None where nothing is left to resume.
    pub makes: Option<Uuid>,
}

/// What the caller has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Begin {
    /// First time: do the work, then [`complete`].
    New,
    /// An earlier request made this resource, and its lease ran out before there was an answer: whoever held it died.
    /// Go on with the resource; making another one would double the effect.
    Resume(Uuid),
    /// Used before: nothing is to be done, and this is the answer.
    Repeated(Repeated),
}

#[derive(FromRow)]
struct Row {
    same_request: bool,
    resource_id: Option<Uuid>,
    response_status: Option<i32>,
    response_body: Option<Value>,
    lease_left_s: f64,
}

/// Claims a key inside the caller's transaction. Of two requests at once the second waits here for the first one's
/// commit.
///
/// An expired lease without an answer and without a resource is [`Begin::New`] again: nothing was made, or what was made
/// is idempotent by a key of its own.
///
/// # Errors
/// The database's.
pub async fn begin(conn: &mut PgConnection, claim: &Claim<'_>) -> sqlx::Result<Begin> {
    let Claim {
        scope, key, hash, ..
    } = *claim;
    let row = loop {
        if insert(conn, claim).await? || !SWITCH.is_on() {
            return Ok(Begin::New);
        }
        // None if the row that the insert ran into was pruned since: then the key is free.
        if let Some(row) = select(conn, scope, key, hash, "FOR UPDATE").await? {
            break row;
        }
    };
    match decide(row) {
        Decision::Answer(repeated) => Ok(Begin::Repeated(repeated)),
        Decision::TakeOver(resource_id) => {
            renew(conn, claim).await?;
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
    let row = row.filter(|_| SWITCH.is_on());
    Ok(row.map(|row| match decide(row) {
        Decision::Answer(repeated) => Begin::Repeated(repeated),
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

async fn insert(conn: &mut PgConnection, claim: &Claim<'_>) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO idempotency (scope, key, request_hash, locked_until, resource_id)
         VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4), $5)
         ON CONFLICT ON CONSTRAINT idempotency_once DO NOTHING",
    )
    .bind(claim.scope)
    .bind(claim.key)
    .bind(&claim.hash[..])
    .bind(claim.lease.as_secs_f64())
    .bind(claim.makes)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

enum Decision {
    Answer(Repeated),
    TakeOver(Option<Uuid>),
}

fn decide(row: Row) -> Decision {
    if !row.same_request {
        return Decision::Answer(Repeated::OtherRequest);
    }
    if let (Some(status), Some(body)) = (row.response_status, row.response_body) {
        let status = u16::try_from(status).expect("complete() wrote a u16");
        return Decision::Answer(Repeated::Answered(Stored {
            status,
            body,
            resource_id: row.resource_id,
        }));
    }
    if row.lease_left_s > 0.0 {
        // Whole seconds, because that is what Retry-After can say.
        let retry_after = Duration::from_secs_f64(row.lease_left_s.ceil().max(1.0));
        return Decision::Answer(Repeated::InProgress { retry_after });
    }
    Decision::TakeOver(row.resource_id)
}

/// Takes a key over from a holder that died. What that one had made stays what the key has made.
async fn renew(conn: &mut PgConnection, claim: &Claim<'_>) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE idempotency SET locked_until = clock_timestamp() + make_interval(secs => $3),
                resource_id = coalesce(resource_id, $4)
         WHERE scope = $1 AND key = $2",
    )
    .bind(claim.scope)
    .bind(claim.key)
    .bind(claim.lease.as_secs_f64())
    .bind(claim.makes)
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
