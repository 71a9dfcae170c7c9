//! Pages of the catalogue: by search term, by category, by both, or all.
//!
//! Each combination is a statement of its own, so that each gets the plan of its own index: `products_search` (GIN over
//! the words), `products_by_category`, `products_by_name`.

use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::products::{Row, select_products};
use crate::domain::Product;

/// What to look for; both are combined.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// As people type it into a search box: words, "phrases", `or`, `-not`. Nothing in it is a syntax error.
    pub search: Option<String>,
    /// The exact category.
    pub category: Option<String>,
}

/// A page of products that are sold, and how many there are on all pages. With a search term the best hits come first,
/// otherwise they are sorted by name.
///
/// # Errors
/// The database's.
pub async fn page(
    conn: &mut PgConnection,
    filter: &Filter,
    (limit, offset): (i64, i64),
) -> sqlx::Result<(Vec<Product>, i64)> {
    let mut count = QueryBuilder::new("SELECT count(*) FROM products ");
    push_filter(&mut count, filter);
    let total = count.build_query_scalar().fetch_one(&mut *conn).await?;

    let mut select = QueryBuilder::new(select_products!(""));
    push_filter(&mut select, filter);
    push_order(&mut select, filter);
    select
        .push(" LIMIT ")
        .push_bind(limit)
        .push(" OFFSET ")
        .push_bind(offset);
    let rows: Vec<Row> = select.build_query_as().fetch_all(conn).await?;
    Ok((rows.into_iter().map(Product::from).collect(), total))
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    query.push("WHERE archived_at IS NULL");
    if let Some(search) = &filter.search {
        query.push(" AND search @@ websearch_to_tsquery('english', ");
        query.push_bind(search.clone()).push(")");
    }
    if let Some(category) = &filter.category {
        query.push(" AND category = ").push_bind(category.clone());
    }
}

/// The id makes the order complete: no product is on two pages.
fn push_order(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    query.push(" ORDER BY ");
    if let Some(search) = &filter.search {
        query.push("ts_rank(search, websearch_to_tsquery('english', ");
        query.push_bind(search.clone()).push(")) DESC, ");
    }
    query.push("name, id");
}
