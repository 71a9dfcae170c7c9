//! Answers with many traces, written as they are sent: a trace is looked up and rendered when the
//! client has taken the one before.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;

/// `head`, the items with commas between them, `tail`. An item may turn out to be empty, which
/// leaves it out: its trace has been evicted meanwhile.
pub(super) fn array(
    head: &'static str,
    items: impl Iterator<Item = Vec<u8>> + Send + 'static,
    tail: &'static str,
) -> Response {
    let mut first = true;
    let items = items.filter(|item| !item.is_empty()).map(move |item| {
        let comma: &[u8] = if first { b"" } else { b"," };
        first = false;
        Bytes::from([comma, &item].concat())
    });
    let parts = std::iter::once(Bytes::from(head))
        .chain(items)
        .chain(std::iter::once(Bytes::from(tail)));
    let body = Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)));
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}
