//! What comes with a request: parameters from the body or the query, and the idempotency key.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use chassis::{http::IDEMPOTENCY_KEY, idempotency};
use http::{HeaderMap, header, request::Parts};

use super::{error::StripeError, params::Params};
use crate::store::answers::Keyed;

/// A body, form-encoded unless it says that it is JSON.
pub(super) struct Submission {
    pub(super) params: Params,
    pub(super) keyed: Option<Keyed>,
}

impl<S: Send + Sync> FromRequest<S> for Submission {
    type Rejection = StripeError;

    async fn from_request(request: Request, state: &S) -> Result<Self, StripeError> {
        let key = idempotency_key(request.headers())?;
        let is_json = is_json(request.headers());
        let path = request.uri().path().to_owned();
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                StripeError::invalid("The body is too large or could not be read.")
                    .with_status(rejection.status())
            })?;
        let params = if is_json {
            Params::from_json(&body)?
        } else {
            Params::from_form(&body)?
        };
        let keyed = key.map(|key| Keyed {
            hash: idempotency::hash("POST", &path, &params.canonical()),
            key,
        });
        Ok(Self { params, keyed })
    }
}

/// Parameters from the query of a read.
pub(super) struct Filters(pub(super) Params);

impl<S: Send + Sync> FromRequestParts<S> for Filters {
    type Rejection = StripeError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StripeError> {
        Params::from_form(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// The id in the path.
pub(super) struct PathId(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = StripeError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StripeError> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id))
            .map_err(|_| StripeError::missing("object", "…", "id"))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, StripeError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| idempotency::validate_key(key).is_ok());
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        StripeError::invalid("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    })
}
