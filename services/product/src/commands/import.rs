//! Import: many products at once, each created, updated or left alone.

use std::collections::HashMap;

use chassis::events::outbox;
use sqlx::PgConnection;

use crate::{
    domain::{Draft, Product, ProductId, Refusal},
    error::Error,
    events,
    store::{
        import::{self, Write},
        products,
    },
};

/// A product as it should be afterwards.
#[derive(Clone, Debug)]
pub struct Import {
    /// Chosen by whoever imports, so that importing again finds the same product.
    pub id: ProductId,
    /// What is to be written about it.
    pub draft: Draft,
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// New products.
    pub created: usize,
    /// Products that changed, or that are sold again.
    pub updated: usize,
    /// Products that were as they should be.
    pub unchanged: usize,
}

/// The items have different ids and SKUs.
pub(super) async fn import(conn: &mut PgConnection, items: Vec<Import>) -> Result<Imported, Error> {
    import::lock(conn).await?;
    let all = items.len();
    let ids: Vec<_> = items.iter().map(|item| item.id).collect();
    let before = products::lock_all(conn, &ids).await?;
    let before: HashMap<_, _> = before
        .into_iter()
        .map(|product| (product.id, product))
        .collect();
    let writes: Vec<_> = items
        .into_iter()
        .filter_map(|item| write(before.get(&item.id), item))
        .collect();
    let taken = import::taken(conn, &writes).await?;
    if !taken.is_empty() {
        return Err(Refusal::SkuTaken(taken).into());
    }
    import::upsert(conn, &writes).await?;
    append_events(conn, &writes).await?;
    let created = writes.iter().filter(|write| write.version == 1).count();
    let updated = writes.len() - created;
    Ok(Imported {
        created,
        updated,
        unchanged: all - writes.len(),
    })
}

/// What has to be written for an item; nothing if the product is as it should be.
fn write(before: Option<&Product>, item: Import) -> Option<Write> {
    let unchanged =
        before.is_some_and(|known| known.archived_at.is_none() && known.draft == item.draft);
    let version = before.map_or(1, |known| known.version + 1);
    (!unchanged).then_some(Write {
        id: item.id,
        draft: item.draft,
        version,
    })
}

async fn append_events(conn: &mut PgConnection, writes: &[Write]) -> sqlx::Result<()> {
    let event = |Write { id, draft, version }: &Write| match version {
        1 => events::created(*id, draft),
        version => events::updated(*id, draft, *version),
    };
    let events: Vec<_> = writes.iter().map(event).collect();
    outbox::append_all(conn, &events).await?;
    Ok(())
}
