//! `GET /v1/payment_intents/search?query=metadata['order_id']:'…'`
//!
//! Stripe's search is a language; here it knows the one question that a merchant asks after a lost reply. Unlike
//! Stripe's it is never behind: it reads the table itself.

use axum::{extract::State, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    described::Query,
    error::{Failures, StripeError},
    id,
    list::{cursor, limit},
    objects::{Intent, text},
    submission::Filters,
};
use crate::{app::AppState, domain::Provider, store::payments};

#[derive(Serialize, ToSchema)]
struct SearchResult {
    object: &'static str,
    url: &'static str,
    has_more: bool,
    /// Send it as `page` for the next one.
    next_page: Option<String>,
    data: Vec<Intent>,
}

#[utoipa::path(
    get,
    path = "/v1/payment_intents/search",
    operation_id = "search_intents",
    security(("api_key" = [])),
    params(Query),
    responses((status = 200, body = SearchResult), Failures)
)]
pub(super) async fn by_order(
    State(app): State<AppState>,
    Filters(params): Filters,
) -> Result<Response, StripeError> {
    let query = params.text("query", 1000)?;
    let order_id = query.as_deref().and_then(order_id).ok_or_else(|| {
        StripeError::invalid("The query must be metadata['order_id']:'<value>'.")
            .with_param("query")
    })?;
    let older_than = cursor(&params, "page", id::INTENT)?;
    let found = payments::of_order(
        &app.pool,
        Provider::Stripe,
        order_id,
        older_than,
        limit(&params)?,
    )
    .await?;
    let last = found
        .items
        .last()
        .map(|payment| id::write(id::INTENT, payment.id.0));
    let result = SearchResult {
        object: "search_result",
        url: "/v1/payment_intents/search",
        has_more: found.has_more,
        next_page: last.filter(|_| found.has_more),
        data: found.items.iter().map(Intent::from).collect(),
    };
    Ok(super::json(200, text(&result)))
}

/// The value between the quotes, which may be single or double.
fn order_id(query: &str) -> Option<&str> {
    let rest = query.trim().strip_prefix("metadata[")?;
    let rest = rest
        .strip_prefix("'order_id']")
        .or_else(|| rest.strip_prefix("\"order_id\"]"))?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let value = value.strip_prefix(quote)?.strip_suffix(quote)?;
    (!value.is_empty() && !value.contains(quote)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_question_is_understood_with_either_quote() {
        for query in [
            "metadata['order_id']:'a-1'",
            "metadata[\"order_id\"]:\"a-1\"",
            " metadata['order_id'] : 'a-1' ",
        ] {
            assert_eq!(order_id(query), Some("a-1"), "{query}");
        }
        for query in [
            "",
            "status:'succeeded'",
            "metadata['order_id']:''",
            "metadata['order_id']:'a' OR 'b'",
            "metadata['x']:'a'",
        ] {
            assert_eq!(order_id(query), None, "{query}");
        }
    }
}
