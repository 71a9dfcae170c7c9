//! Rows of `stock`.

use sqlx::{FromRow, PgConnection};

use crate::domain::{Basket, Level, Move, ProductId};

/// A product's stock as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct StockRow {
    /// The product.
    pub product_id: ProductId,
    /// Everything that ever came in.
    pub received: i64,
    /// Can be reserved.
    pub available: i64,
    /// Kept for orders that have not paid yet.
    pub reserved: i64,
    /// Belongs to orders that have paid.
    pub sold: i64,
    /// Counts every change.
    pub version: i64,
    /// Counts what came in.
    pub restocks: i64,
}

impl StockRow {
    /// The figures alone.
    pub fn level(&self) -> Level {
        let Self {
            received,
            available,
            reserved,
            sold,
            ..
        } = *self;
        Level {
            received,
            available,
            reserved,
            sold,
        }
    }
}

/// The stock of one product.
///
/// # Errors
/// The database's.
pub async fn find(conn: &mut PgConnection, id: ProductId) -> sqlx::Result<Option<StockRow>> {
    Ok(find_all(conn, &[id]).await?.pop())
}

/// The stock of several products, by id; those without a row are left out.
///
/// # Errors
/// The database's.
pub async fn find_all(conn: &mut PgConnection, ids: &[ProductId]) -> sqlx::Result<Vec<StockRow>> {
    sqlx::query_as(
        "SELECT product_id, received, available, reserved, sold, version, restocks
         FROM stock WHERE product_id = ANY ($1) ORDER BY product_id",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
}

/// Moves the units of a basket and returns the products of which there were enough: the caller rolls back unless these
/// are all. Every row of the basket stays locked until then, the short ones too, so that what is read about them next is
/// still true.
///
/// # Errors
/// The database's.
pub async fn move_units(
    conn: &mut PgConnection,
    movement: Move,
    basket: &Basket,
) -> sqlx::Result<Vec<ProductId>> {
    let (products, quantities) = basket.columns();
    let unit = movement.per_unit();
    // The locks are taken first and in product order. An UPDATE alone would lock in the order of its plan, and two
    // baskets with the same products could deadlock.
    sqlx::query_scalar(
        "WITH locked AS MATERIALIZED (
             SELECT s.product_id, w.quantity
             FROM stock s JOIN unnest($1::uuid[], $2::bigint[]) AS w (product_id, quantity)
                  USING (product_id)
             ORDER BY s.product_id
             FOR NO KEY UPDATE OF s
         )
         UPDATE stock s
         SET available = s.available + $3 * l.quantity,
             reserved = s.reserved + $4 * l.quantity,
             sold = s.sold + $5 * l.quantity,
             version = s.version + 1
         FROM locked l
         WHERE s.product_id = l.product_id
           AND s.available + $3 * l.quantity >= 0
           AND s.reserved + $4 * l.quantity >= 0
           AND s.sold + $5 * l.quantity >= 0
         RETURNING s.product_id",
    )
    .bind(products)
    .bind(quantities)
    .bind(unit.available)
    .bind(unit.reserved)
    .bind(unit.sold)
    .fetch_all(conn)
    .await
}

/// Adds units of one product; makes its row if there is none yet, because its `ProductCreated` may still be on its way.
///
/// # Errors
/// The database's.
pub async fn receive(
    conn: &mut PgConnection,
    id: ProductId,
    quantity: i64,
) -> sqlx::Result<StockRow> {
    sqlx::query_as(
        "INSERT INTO stock (product_id, received, available, version, restocks)
         VALUES ($1, $2, $2, 1, 1)
         ON CONFLICT (product_id) DO UPDATE
         SET received = stock.received + $2, available = stock.available + $2,
             version = stock.version + 1, restocks = stock.restocks + 1
         RETURNING product_id, received, available, reserved, sold, version, restocks",
    )
    .bind(id)
    .bind(quantity)
    .fetch_one(conn)
    .await
}

/// Sets the stock of those products that were never stocked and returns them. The items are sorted by product.
///
/// # Errors
/// The database's.
pub async fn receive_first(
    conn: &mut PgConnection,
    products: &[ProductId],
    quantities: &[i64],
) -> sqlx::Result<Vec<StockRow>> {
    sqlx::query_as(
        "INSERT INTO stock (product_id, received, available, version, restocks)
         SELECT product_id, quantity, quantity, 1, 1
         FROM unnest($1::uuid[], $2::bigint[]) AS w (product_id, quantity) ORDER BY product_id
         ON CONFLICT (product_id) DO UPDATE
         SET received = excluded.received, available = excluded.available,
             version = stock.version + 1, restocks = 1
         WHERE stock.restocks = 0
         RETURNING product_id, received, available, reserved, sold, version, restocks",
    )
    .bind(products)
    .bind(quantities)
    .fetch_all(conn)
    .await
}

/// Makes the row of a new product, with nothing in stock; one that is there stays as it is.
///
/// # Errors
/// The database's.
pub async fn open(conn: &mut PgConnection, id: ProductId) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO stock (product_id) VALUES ($1) ON CONFLICT (product_id) DO NOTHING")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}
