//! Many products in one statement.

use sqlx::{PgConnection, types::Json};

use crate::domain::{Draft, ProductId};

/// A product to be written, with the version that it has afterwards.
#[derive(Clone, Debug)]
pub struct Write {
    /// Chosen by the caller.
    pub id: ProductId,
    /// What is written about it.
    pub draft: Draft,
    /// 1 for a new product, one more than before for one that exists.
    pub version: i64,
}

/// Lets one import run at a time until the end of the transaction: two that bring the same new products would otherwise
/// both find them new.
///
/// # Errors
/// The database's.
pub async fn lock(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('product.import'))")
        .execute(conn)
        .await?;
    Ok(())
}

/// Which of these SKUs belong to products other than those that are written.
///
/// # Errors
/// The database's.
pub async fn taken(conn: &mut PgConnection, writes: &[Write]) -> sqlx::Result<Vec<String>> {
    let skus: Vec<_> = writes
        .iter()
        .map(|write| write.draft.sku.as_str())
        .collect();
    let ids: Vec<_> = writes.iter().map(|write| write.id).collect();
    sqlx::query_scalar(
        "SELECT sku FROM products
         WHERE sku = ANY ($1) AND archived_at IS NULL AND id <> ALL ($2) ORDER BY sku",
    )
    .bind(skus)
    .bind(ids)
    .fetch_all(conn)
    .await
}

/// Inserts or replaces; an archived product is sold again.
///
/// # Errors
/// The constraint `products_sku` if two products would have the same SKU; otherwise the database's.
pub async fn upsert(conn: &mut PgConnection, writes: &[Write]) -> sqlx::Result<()> {
    let column = |of: fn(&Draft) -> &str| -> Vec<&str> {
        writes.iter().map(|write| of(&write.draft)).collect()
    };
    sqlx::query(
        "INSERT INTO products (id, sku, name, description, category, price_amount, price_currency,
                               attributes, version)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
                              $6::bigint[], $7::text[], $8::jsonb[], $9::bigint[])
         ON CONFLICT (id) DO UPDATE
         SET sku = excluded.sku, name = excluded.name, description = excluded.description,
             category = excluded.category, price_amount = excluded.price_amount,
             price_currency = excluded.price_currency, attributes = excluded.attributes,
             version = excluded.version, archived_at = NULL, updated_at = clock_timestamp()",
    )
    .bind(writes.iter().map(|write| write.id).collect::<Vec<_>>())
    .bind(column(|draft| &draft.sku))
    .bind(column(|draft| &draft.name))
    .bind(column(|draft| &draft.description))
    .bind(column(|draft| &draft.category))
    .bind(
        writes
            .iter()
            .map(|write| write.draft.price.amount)
            .collect::<Vec<_>>(),
    )
    .bind(column(|draft| draft.price.currency.code()))
    .bind(
        writes
            .iter()
            .map(|write| Json(&write.draft.attributes))
            .collect::<Vec<_>>(),
    )
    .bind(writes.iter().map(|write| write.version).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}
