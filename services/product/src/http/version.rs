//! Versions as entity tags: `ETag: "7"` on every product, `If-Match: "7"` on a change that must not overwrite another's.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use chassis::{Problem, http::ApiJson};
use http::{header, request::Parts};

use super::body::ProductBody;
use crate::domain::{Expected, Product};

/// The `If-Match` header; absent or `*` matches any version.
pub(super) struct IfMatch(pub(super) Expected);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(Expected::Any));
        };
        let expected = value.to_str().ok().and_then(parse).ok_or_else(|| {
            Problem::bad_request("if_match_invalid", r#"If-Match must be a version: "7"."#)
        })?;
        Ok(Self(expected))
    }
}

/// RFC 9110, section 13.1.1. Only strong tags that hold a version: we never made any other.
fn parse(value: &str) -> Option<Expected> {
    if value.trim() == "*" {
        return Some(Expected::Any);
    }
    let version = |tag: &str| {
        tag.trim()
            .strip_prefix('"')?
            .strip_suffix('"')?
            .parse()
            .ok()
    };
    value
        .split(',')
        .map(version)
        .collect::<Option<Vec<i64>>>()
        .map(Expected::OneOf)
}

/// A product with its version as entity tag.
pub(super) fn tagged(product: Product) -> Response {
    let tag = format!("\"{}\"", product.version);
    ([(header::ETAG, tag)], ApiJson(ProductBody::from(product))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_strong_tags() {
        assert_eq!(parse("*"), Some(Expected::Any));
        assert_eq!(parse("\"7\""), Some(Expected::OneOf(vec![7])));
        assert_eq!(parse("\"7\", \"8\""), Some(Expected::OneOf(vec![7, 8])));
        for bad in [
            "",
            "7",
            "\"7",
            "W/\"7\"",
            "\"seven\"",
            "\"7\",",
            "\"99999999999999999999\"",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
