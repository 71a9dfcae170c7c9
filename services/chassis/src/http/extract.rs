//! Extractors: as axum's own, but every rejection is a problem with the field that was wrong.

use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{BytesRejection, FailedToBufferBody},
    },
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::IDEMPOTENCY_KEY;
use crate::{Problem, idempotency::validate_key};

/// A JSON body, in or out. In: 415 for another content type, 413 when too large, 400 when not JSON, 422 when a value
/// has the wrong type, with the path of the field.
#[derive(Clone, Copy, Debug)]
pub struct ApiJson<T>(pub T);

impl<S, T> FromRequest<S> for ApiJson<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content_type_not_json",
                "Send the body as application/json.",
            ));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|e| body_problem(&e))?;
        parse(&body).map(Self)
    }
}

impl<T: Serialize> IntoResponse for ApiJson<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Why a body could not be read: 413 when too large, 400 otherwise.
pub fn body_problem(rejection: &BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "The body is larger than this service accepts.",
            )
        }
        _ => Problem::bad_request("body_unreadable", "The body could not be read to its end."),
    }
}

/// Parses JSON, telling syntax (400) from values (422).
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        json_problem(body, &field, error.inner())
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn json_problem(body: &[u8], field: &str, error: &serde_json::Error) -> Problem {
    if error.is_data() {
        return Problem::invalid_field(field, error.to_string());
    }
    // Some wrong values are syntax errors to serde_json: a number where an enum's name should be, or one without bounds.
    if serde_json::from_slice::<IgnoredAny>(body).is_ok() {
        return Problem::invalid_field(field, "is not one of the values that it may have");
    }
    malformed(error)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::bad_request("malformed_json", format!("The body is not JSON: {error}."))
}

/// Path parameters. One that does not parse names nothing that exists, hence 404.
#[derive(Clone, Copy, Debug)]
pub struct ApiPath<T>(pub T);

impl<S, T> FromRequestParts<S> for ApiPath<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(value)| Self(value))
            .map_err(|_| {
                Problem::not_found("resource_not_found", "Nothing has an id of this form.")
            })
    }
}

/// Query parameters; 422 when one does not parse.
#[derive(Clone, Copy, Debug)]
pub struct ApiQuery<T>(pub T);

impl<S, T> FromRequestParts<S> for ApiQuery<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::from_request_parts(parts, state)
            .await
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Problem::invalid_field("query", rejection.body_text()))
    }
}

/// The `Idempotency-Key` header: 1 to 255 visible ASCII characters. `None` when the client sent none.
#[derive(Clone, Debug)]
pub struct IdempotencyKey(pub Option<String>);

impl IdempotencyKey {
    /// For requests that must not happen twice by mistake.
    ///
    /// # Errors
    /// 400 when the client sent none.
    pub fn required(self) -> Result<String, Problem> {
        self.0.ok_or_else(|| {
            Problem::bad_request(
                "idempotency_key_missing",
                "Send an Idempotency-Key: a fresh one for each thing to be done, the same one to ask again.",
            )
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(IDEMPOTENCY_KEY) else {
            return Ok(Self(None));
        };
        let valid = |key: &&str| validate_key(key).is_ok();
        let key = value.to_str().ok().filter(valid).ok_or_else(|| {
            Problem::bad_request(
                "idempotency_key_invalid",
                "Idempotency-Key must be 1 to 255 visible ASCII characters.",
            )
        })?;
        Ok(Self(Some(key.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Item {
        #[expect(dead_code, reason = "only parsed")]
        quantity: u32,
    }

    #[derive(Debug, Deserialize)]
    struct Items {
        #[expect(dead_code, reason = "only parsed")]
        items: Vec<Item>,
    }

    async fn rejection(content_type: &str, body: &str) -> Problem {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(body.to_owned()))
            .unwrap();
        ApiJson::<Items>::from_request(request, &())
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn each_kind_of_bad_body_has_its_own_answer() {
        let json = "application/json; charset=utf-8";
        for (content_type, body, status, code) in [
            ("text/plain", "{}", 415, "content_type_not_json"),
            ("", "{}", 415, "content_type_not_json"),
            (json, "", 400, "malformed_json"),
            (json, "{", 400, "malformed_json"),
            (json, r#"{"items":[]} x"#, 400, "malformed_json"),
            (
                json,
                r#"{"items":[{"quantity":-1}]}"#,
                422,
                "validation_failed",
            ),
            (
                json,
                r#"{"items":[{"quantity":1e99}]}"#,
                422,
                "validation_failed",
            ),
            (json, r#"{"items":"none"}"#, 422, "validation_failed"),
            (json, "{}", 422, "validation_failed"),
        ] {
            let problem = rejection(content_type, body).await;
            assert_eq!(
                (problem.status().as_u16(), problem.code()),
                (status, code),
                "{body}"
            );
        }
    }

    #[tokio::test]
    async fn a_wrong_value_is_named_by_its_field_whatever_serde_calls_it() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Colour {
            Red,
        }
        #[derive(Debug, Deserialize)]
        struct Car {
            #[expect(dead_code, reason = "only parsed")]
            colour: Colour,
        }
        for value in ["7", "true", "null", "[]", "\"blue\"", "1e999"] {
            let body = format!(r#"{{"colour": {value}}}"#);
            let problem = parse::<Car>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.status().as_u16(), 422, "{value}");
            assert_eq!(problem.errors()[0].field, "colour", "{value}");
        }
        let problem = parse::<Car>(br#"{"colour": 7"#).unwrap_err();
        assert_eq!(problem.status().as_u16(), 400);
    }
}
