//! What administrators can ask for. Each command is one transaction with state and event in it; then the relay is woken.

mod import;

use chassis::{
    db::Db,
    events::{Outbox, outbox},
};
use sqlx::PgConnection;

pub use self::import::{Import, Imported};
use crate::{
    domain::{Draft, Expected, Patch, Product, ProductId, Refusal},
    error::Error,
    events,
    metrics::CatalogueMetrics,
    store::products,
};

/// How a product is to be changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// Everything is replaced.
    Replace(Draft),
    /// What is named is replaced.
    Patch(Patch),
}

/// Runs commands. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    pool: Db,
    outbox: Outbox,
    metrics: CatalogueMetrics,
}

impl Commands {
    /// `outbox` is that of the service's relay.
    pub fn new(pool: Db, outbox: Outbox, metrics: CatalogueMetrics) -> Self {
        Self {
            pool,
            outbox,
            metrics,
        }
    }

    /// Adds a product to the catalogue.
    ///
    /// # Errors
    /// [`Refusal::SkuTaken`].
    pub async fn create(&self, draft: Draft) -> Result<Product, Error> {
        let mut tx = self.pool.begin().await?;
        let product = products::insert(&mut tx, ProductId::new(), &draft).await?;
        outbox::append(&mut tx, &events::created(product.id, &product.draft)).await?;
        tx.commit().await?;
        self.done("created", 1);
        Ok(product)
    }

    /// Changes a product. A change that changes nothing makes no version and no event.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::VersionMismatch`], [`Refusal::SkuTaken`]; [`Error::Flawed`] if a patch makes the
    /// product unacceptable.
    pub async fn change(
        &self,
        id: ProductId,
        expected: &Expected,
        change: Change,
    ) -> Result<Product, Error> {
        let mut tx = self.pool.begin().await?;
        let before = lock(&mut tx, id).await?;
        let before = before.filter(|product| product.archived_at.is_none());
        let before = before.ok_or(Refusal::Unknown)?;
        expected.check(before.version)?;
        let draft = match change {
            Change::Replace(draft) => draft,
            Change::Patch(patch) => before.draft.patched(patch).map_err(Error::Flawed)?,
        };
        if draft == before.draft {
            return Ok(before);
        }
        let after = products::update(&mut tx, id, &draft).await?;
        outbox::append(&mut tx, &events::updated(id, &after.draft, after.version)).await?;
        tx.commit().await?;
        self.done("updated", 1);
        Ok(after)
    }

    /// Takes a product out of the catalogue; one that is out already stays out.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if it was never in, [`Refusal::VersionMismatch`].
    pub async fn archive(&self, id: ProductId, expected: &Expected) -> Result<(), Error> {
        let mut tx = self.pool.begin().await?;
        let before = lock(&mut tx, id).await?.ok_or(Refusal::Unknown)?;
        if before.archived_at.is_some() {
            return Ok(());
        }
        expected.check(before.version)?;
        let after = products::archive(&mut tx, id).await?;
        outbox::append(&mut tx, &events::deleted(id, after.version)).await?;
        tx.commit().await?;
        self.done("archived", 1);
        Ok(())
    }

    /// Brings the catalogue into the given state for these products; can be repeated.
    ///
    /// # Errors
    /// [`Refusal::SkuTaken`] with the SKUs of other products.
    pub async fn import(&self, items: Vec<Import>) -> Result<Imported, Error> {
        let mut tx = self.pool.begin().await?;
        let imported = import::import(&mut tx, items).await?;
        tx.commit().await?;
        self.done("created", imported.created);
        self.done("updated", imported.updated);
        Ok(imported)
    }

    fn done(&self, change: &str, count: usize) {
        self.outbox.wake();
        self.metrics.count_changes(change, count);
    }
}

async fn lock(conn: &mut PgConnection, id: ProductId) -> sqlx::Result<Option<Product>> {
    Ok(products::lock_all(conn, &[id]).await?.pop())
}
