//! Restock and import: units come in.

use std::time::Duration;

use chassis::{
    events::outbox,
    idempotency::{self, Begin, Claim, Repeated, RequestHash},
};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    domain::{Item, ProductId},
    error::Error,
    events,
    store::stock::{self, StockRow},
};

/// Nobody ever sees this lease: the key, the effect and the answer are written in one transaction, and a second request
/// with the key waits for its commit.
const LEASE: Duration = Duration::from_secs(10);

/// One wish to add units.
#[derive(Clone, Copy, Debug)]
pub struct Restock<'a> {
    /// Who asks: keys of different callers do not meet.
    pub caller: &'a str,
    /// The caller's `Idempotency-Key`.
    pub key: &'a str,
    /// What the key was used for.
    pub hash: &'a RequestHash,
    /// The product.
    pub product_id: ProductId,
    /// Units to add, positive.
    pub quantity: i64,
}

/// What became of a restock.
#[derive(Clone, Debug)]
pub enum Restocked {
    /// The units came in now; this is the answer, stored under the key.
    Now(Value),
    /// The key was used before.
    Before(Repeated),
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Products whose stock was set.
    pub stocked: usize,
    /// Products that had been stocked before and were left alone.
    pub unchanged: usize,
    /// Units that came in.
    pub units: i64,
}

/// `answer` renders what the caller is told, so that a repeated request is told the same.
pub(super) async fn restock(
    conn: &mut PgConnection,
    request: Restock<'_>,
    answer: fn(&StockRow) -> Value,
) -> Result<Restocked, Error> {
    let Restock {
        caller,
        key,
        hash,
        product_id,
        quantity,
    } = request;
    let scope = &format!("inventory.restock:{caller}");
    let claim = Claim {
        scope,
        key,
        hash,
        lease: LEASE,
        makes: None,
    };
    match idempotency::begin(conn, &claim).await? {
        // These keys make nothing that could be resumed.
        Begin::New | Begin::Resume(_) => {}
        Begin::Repeated(repeated) => return Ok(Restocked::Before(repeated)),
    }
    let row = stock::receive(conn, product_id, quantity).await?;
    outbox::append(conn, &events::updated(&row)).await?;
    let body = answer(&row);
    idempotency::complete(conn, scope, key, 200, &body).await?;
    Ok(Restocked::Now(body))
}

/// The products of the items differ from each other.
pub(super) async fn import(conn: &mut PgConnection, items: &[Item]) -> Result<Imported, Error> {
    let (products, quantities): (Vec<_>, Vec<_>) = items
        .iter()
        .map(|item| (item.product_id, item.quantity))
        .unzip();
    let rows = stock::receive_first(conn, &products, &quantities).await?;
    let updates: Vec<_> = rows.iter().map(events::updated).collect();
    outbox::append_all(conn, &updates).await?;
    Ok(Imported {
        stocked: rows.len(),
        unchanged: items.len() - rows.len(),
        units: rows.iter().map(|row| row.received).sum(),
    })
}
