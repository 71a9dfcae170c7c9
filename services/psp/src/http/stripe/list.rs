//! Stripe's lists: `limit`, `starting_after`, `ending_before`; newest first.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{error::StripeError, id, params::Params};
use crate::store::{Cursor, Listed};

const LIMIT_DEFAULT: u32 = 10;
const LIMIT_MAX: i64 = 100;

/// `{"object": "list", "data": […], "has_more": …, "url": …}`
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    object: &'static str,
    url: &'static str,
    has_more: bool,
    data: Vec<T>,
}

impl<T> List<T> {
    pub(super) fn new(url: &'static str, listed: Listed<T>) -> Self {
        Self {
            object: "list",
            url,
            has_more: listed.has_more,
            data: listed.items,
        }
    }
}

/// Which stretch of the list of `prefix_…` objects is asked for.
pub(super) fn window(params: &Params, prefix: &str) -> Result<(Cursor, u32), StripeError> {
    let after = cursor(params, "starting_after", prefix)?;
    let before = cursor(params, "ending_before", prefix)?;
    let cursor = match (after, before) {
        (None, None) => Cursor::First,
        (Some(id), None) => Cursor::After(id),
        (None, Some(id)) => Cursor::Before(id),
        (Some(_), Some(_)) => {
            return Err(StripeError::invalid(
                "starting_after and ending_before cannot be used together.",
            ));
        }
    };
    Ok((cursor, limit(params)?))
}

pub(super) fn limit(params: &Params) -> Result<u32, StripeError> {
    let limit = params.positive("limit", LIMIT_MAX)?;
    Ok(limit
        .and_then(|limit| u32::try_from(limit).ok())
        .unwrap_or(LIMIT_DEFAULT))
}

pub(super) fn cursor(
    params: &Params,
    name: &str,
    prefix: &str,
) -> Result<Option<Uuid>, StripeError> {
    let Some(text) = params.text(name, 100)? else {
        return Ok(None);
    };
    id::read(prefix, &text)
        .map(Some)
        .ok_or_else(|| StripeError::missing("object", &text, name))
}
