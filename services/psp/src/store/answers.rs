//! Answers to keyed requests: a repeat gets the same one, and nothing happens again.

use chassis::idempotency::RequestHash;
use sqlx::{FromRow, PgConnection, PgExecutor};

use crate::domain::Provider;

/// An answer as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// JSON.
    pub(crate) body: String,
}

/// The key of a request and what was asked under it.
#[derive(Clone, Debug)]
pub(crate) struct Keyed {
    pub(crate) key: String,
    pub(crate) hash: RequestHash,
}

/// An answer that was given, and whether the request was the same.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) answer: Answer,
    pub(crate) same_request: bool,
}

#[derive(FromRow)]
struct Row {
    status: i16,
    body: String,
    same_request: bool,
}

/// What was answered under this key.
pub(crate) async fn find(
    executor: impl PgExecutor<'_>,
    provider: Provider,
    keyed: &Keyed,
) -> sqlx::Result<Option<Stored>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT status, body, request_hash = $3 AS same_request FROM answers WHERE provider = $1 AND key = $2",
    )
    .bind(provider)
    .bind(&keyed.key)
    .bind(&keyed.hash[..])
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| Stored {
        answer: Answer {
            status: row.status.unsigned_abs(),
            body: row.body,
        },
        same_request: row.same_request,
    }))
}

/// Keeps the answer, in the transaction of its effect. False when the key was used before; if another transaction is
/// using it right now, this waits for that one's end.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    provider: Provider,
    keyed: &Keyed,
    answer: &Answer,
) -> sqlx::Result<bool> {
    let status = i16::try_from(answer.status).expect("HTTP statuses have three digits");
    let done = sqlx::query(
        "INSERT INTO answers (provider, key, request_hash, status, body) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT answers_once DO NOTHING",
    )
    .bind(provider)
    .bind(&keyed.key)
    .bind(&keyed.hash[..])
    .bind(status)
    .bind(&answer.body)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
