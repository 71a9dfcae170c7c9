//! Rows of `products`.

use chassis::money::{Currency, Money};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};

use crate::domain::{Draft, Product, ProductId, RawDraft, attributes::Attributes};

/// All columns of a product, for a statement; the argument is what follows. The search column stays where it is.
macro_rules! select_products {
    ($rest:literal) => {
        concat!(
            "SELECT id, sku, name, description, category, price_amount, price_currency, attributes,
                    version, archived_at, created_at, updated_at
             FROM products ",
            $rest
        )
    };
}
pub(super) use select_products;

/// A row as it is stored.
#[derive(FromRow)]
pub(super) struct Row {
    id: ProductId,
    sku: String,
    name: String,
    description: String,
    category: String,
    price_amount: i64,
    price_currency: Currency,
    attributes: Json<Attributes>,
    version: i64,
    archived_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Product {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            draft: Draft::from_stored(RawDraft {
                sku: row.sku,
                name: row.name,
                description: row.description,
                category: row.category,
                price: Money::new(row.price_amount, row.price_currency),
                attributes: row.attributes.0,
            }),
            version: row.version,
            archived_at: row.archived_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A product that is sold.
///
/// # Errors
/// The database's.
pub async fn find(conn: &mut PgConnection, id: ProductId) -> sqlx::Result<Option<Product>> {
    Ok(find_all(conn, &[id]).await?.pop())
}

/// Those of several products that are sold, by id.
///
/// # Errors
/// The database's.
pub async fn find_all(conn: &mut PgConnection, ids: &[ProductId]) -> sqlx::Result<Vec<Product>> {
    let rows: Vec<Row> = sqlx::query_as(select_products!(
        "WHERE id = ANY ($1) AND archived_at IS NULL ORDER BY id"
    ))
    .bind(ids)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// Several products, archived ones included; nobody else changes them until the end of the transaction.
///
/// # Errors
/// The database's.
pub async fn lock_all(conn: &mut PgConnection, ids: &[ProductId]) -> sqlx::Result<Vec<Product>> {
    let rows: Vec<Row> = sqlx::query_as(select_products!(
        "WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"
    ))
    .bind(ids)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// Writes a new product.
///
/// # Errors
/// The constraint `products_sku` if another one that is sold has the SKU; otherwise the database's.
pub async fn insert(
    conn: &mut PgConnection,
    id: ProductId,
    draft: &Draft,
) -> sqlx::Result<Product> {
    let row: Row = sqlx::query_as(
        "INSERT INTO products (id, sku, name, description, category, price_amount, price_currency,
                               attributes, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)
         RETURNING id, sku, name, description, category, price_amount, price_currency, attributes,
                   version, archived_at, created_at, updated_at",
    )
    .bind(id)
    .bind(&draft.sku)
    .bind(&draft.name)
    .bind(&draft.description)
    .bind(&draft.category)
    .bind(draft.price.amount)
    .bind(draft.price.currency)
    .bind(Json(&draft.attributes))
    .fetch_one(conn)
    .await?;
    Ok(row.into())
}

/// Replaces what is written about a product that the caller has locked; its version goes up by one.
///
/// # Errors
/// As [`insert`].
pub async fn update(
    conn: &mut PgConnection,
    id: ProductId,
    draft: &Draft,
) -> sqlx::Result<Product> {
    let row: Row = sqlx::query_as(
        "UPDATE products
         SET sku = $2, name = $3, description = $4, category = $5, price_amount = $6,
             price_currency = $7, attributes = $8, version = version + 1,
             updated_at = clock_timestamp()
         WHERE id = $1
         RETURNING id, sku, name, description, category, price_amount, price_currency, attributes,
                   version, archived_at, created_at, updated_at",
    )
    .bind(id)
    .bind(&draft.sku)
    .bind(&draft.name)
    .bind(&draft.description)
    .bind(&draft.category)
    .bind(draft.price.amount)
    .bind(draft.price.currency)
    .bind(Json(&draft.attributes))
    .fetch_one(conn)
    .await?;
    Ok(row.into())
}

/// Archives a product that the caller has locked.
///
/// # Errors
/// The database's.
pub async fn archive(conn: &mut PgConnection, id: ProductId) -> sqlx::Result<Product> {
    let row: Row = sqlx::query_as(
        "UPDATE products
         SET archived_at = clock_timestamp(), version = version + 1, updated_at = clock_timestamp()
         WHERE id = $1
         RETURNING id, sku, name, description, category, price_amount, price_currency, attributes,
                   version, archived_at, created_at, updated_at",
    )
    .bind(id)
    .fetch_one(conn)
    .await?;
    Ok(row.into())
}
