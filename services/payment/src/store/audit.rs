//! The audit log: written in the transaction of what it tells of, chained by the database, checked here.
//!
//! The check finds rows that were altered, added, reordered, or cut out, also at the end of a chain. It cannot find a log
//! that was rewritten as a whole by somebody who may switch triggers off; for that, keep the heads that it returns
//! somewhere else and compare.

use chassis::db::Db;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::{FromRow, PgConnection};
use utoipa::ToSchema;

use crate::domain::PaymentId;

/// How many chains there are.
const CHAINS: u8 = 16;

/// Rows read at once by the check: a megabyte at most.
const PAGE: i64 = 1_000;

/// Something that somebody did.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    /// What it was done to.
    pub(crate) payment: PaymentId,
    /// `service:order`, `user:<id>`, `provider:stripe`, `worker:reconciler`.
    pub(crate) actor: &'a str,
    /// For example `payment.captured`.
    pub(crate) action: &'static str,
    /// Amounts and codes; never a token.
    pub(crate) detail: Value,
}

/// Adds an entry to the chain of its payment.
pub(crate) async fn append(
    conn: &mut PgConnection,
    entry: &Entry<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let content = json!({
        "at": now.to_rfc3339_opts(SecondsFormat::Micros, true),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.payment,
        "detail": entry.detail,
    });
    sqlx::query("INSERT INTO audit_log (chain, content) VALUES ($1, $2)")
        .bind(chain_of(entry.payment))
        .bind(content.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

/// The last byte of a UUIDv7 is random.
fn chain_of(payment: PaymentId) -> i16 {
    i16::from(payment.0.as_bytes()[15] % CHAINS)
}

/// What the check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Report {
    /// Whether every chain is whole.
    pub intact: bool,
    /// Rows checked.
    pub entries: i64,
    /// The chains.
    pub chains: Vec<Chain>,
}

/// One chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Chain {
    /// Its number.
    pub chain: i16,
    /// Rows checked.
    pub entries: i64,
    /// Hash of its last row, in hex: keep it elsewhere to notice a log that was rewritten as a whole.
    pub head: String,
    /// What is wrong first, if anything.
    pub broken: Option<String>,
}

#[derive(FromRow)]
struct Head {
    chain: i16,
    seq: i64,
    hash: Vec<u8>,
}

#[derive(FromRow)]
struct Row {
    seq: i64,
    content: String,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

/// Recomputes every chain up to the head that it had at the beginning.
///
/// # Errors
/// The database's.
pub async fn verify(pool: &Db) -> sqlx::Result<Report> {
    let heads: Vec<Head> =
        sqlx::query_as("SELECT chain, seq, hash FROM audit_heads ORDER BY chain")
            .fetch_all(pool)
            .await?;
    let mut chains = Vec::with_capacity(heads.len());
    for head in &heads {
        chains.push(verify_chain(pool, head).await?);
    }
    Ok(Report {
        intact: chains.len() == usize::from(CHAINS)
            && chains.iter().all(|chain| chain.broken.is_none()),
        entries: chains.iter().map(|chain| chain.entries).sum(),
        chains,
    })
}

async fn verify_chain(pool: &Db, head: &Head) -> sqlx::Result<Chain> {
    let (mut seq, mut hash) = (0, Sha256::digest("faultline/payment audit").to_vec());
    let mut broken = None;
    while broken.is_none() && seq < head.seq {
        let rows = page(pool, head, seq).await?;
        if rows.is_empty() {
            broken = Some(format!("entry {} is missing", seq + 1));
        }
        for row in rows {
            broken = wrong_with(&row, seq, &hash);
            if broken.is_some() {
                break;
            }
            (seq, hash) = (row.seq, row.hash);
        }
    }
    let broken = broken.or_else(|| (hash != head.hash).then(|| "the head was altered".to_owned()));
    Ok(Chain {
        chain: head.chain,
        entries: seq,
        head: hex::encode(&head.hash),
        broken,
    })
}

async fn page(pool: &Db, head: &Head, after: i64) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(
        "SELECT seq, content, prev_hash, hash FROM audit_log
         WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
    )
    .bind(head.chain)
    .bind(after)
    .bind(head.seq)
    .bind(PAGE)
    .fetch_all(pool)
    .await
}

fn wrong_with(row: &Row, after: i64, prev_hash: &[u8]) -> Option<String> {
    let expected = Sha256::new()
        .chain_update(prev_hash)
        .chain_update(&row.content)
        .finalize();
    if row.seq != after + 1 {
        Some(format!("entry {} is missing", after + 1))
    } else if row.prev_hash != prev_hash || row.hash != expected[..] {
        Some(format!("entry {} was altered", row.seq))
    } else {
        None
    }
}
