//! What comes with a request: a JSON body, `PayPal-Request-Id`, the id in the path; and how texts and amounts are read.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use chassis::{
    idempotency,
    money::{Currency, Money},
};
use http::{HeaderMap, HeaderName, header, request::Parts};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{error::PaypalError, read_id};
use crate::{
    domain::{
        card_number,
        decimal::{DecimalError, parse_minor_units},
    },
    store::answers::Keyed,
};

/// The key of a request, as PayPal names it.
const REQUEST_ID: HeaderName = HeaderName::from_static("paypal-request-id");

/// Largest amount in minor units; the same as at the other face, so that the ledger has one limit.
const AMOUNT_MAX: i64 = 99_999_999;

/// A JSON body; an empty one counts as `{}`.
pub(super) struct Submission<T> {
    pub(super) body: T,
    pub(super) keyed: Option<Keyed>,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Submission<T> {
    type Rejection = PaypalError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PaypalError> {
        let key = request_id(request.headers())?;
        let is_json = is_json(request.headers());
        let path = request.uri().path().to_owned();
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| PaypalError::body(rejection.status()))?;
        if !is_json && !bytes.is_empty() {
            return Err(PaypalError::media_type());
        }
        let keyed = key.map(|key| Keyed {
            hash: idempotency::hash("POST", &path, &bytes),
            key,
        });
        Ok(Self {
            body: parse(&bytes)?,
            keyed,
        })
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PaypalError> {
    let value = match bytes {
        [] => Value::Object(Map::new()),
        _ => serde_json::from_slice(bytes).map_err(|_| PaypalError::malformed_json())?,
    };
    if card_number::found_in(&value) {
        return Err(PaypalError::invalid(
            "/payment_source",
            "CARD_NUMBER_NOT_ACCEPTED",
            "Card numbers are never accepted. Send a test token as payment_source.token.id.",
        ));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = pointer(&error.path().to_string());
        PaypalError::invalid(field, "INVALID_PARAMETER_SYNTAX", error.inner().to_string())
    })
}

/// `purchase_units[0].amount` as a JSON pointer.
fn pointer(path: &str) -> String {
    format!(
        "/{}",
        path.replace('[', ".")
            .replace(']', "")
            .replace('.', "/")
            .trim_start_matches('/')
    )
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"))
}

fn request_id(headers: &HeaderMap) -> Result<Option<String>, PaypalError> {
    let Some(value) = headers.get(REQUEST_ID) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| idempotency::validate_key(key).is_ok());
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        PaypalError::invalid(
            "PayPal-Request-Id",
            "INVALID_STRING_LENGTH",
            "PayPal-Request-Id must be 1 to 255 visible ASCII characters.",
        )
    })
}

/// The id in the path. One that cannot be an id names nothing.
pub(super) struct PathId(pub(super) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = PaypalError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PaypalError> {
        let path = Path::<String>::from_request_parts(parts, state).await.ok();
        path.and_then(|Path(text)| read_id(&text))
            .map(Self)
            .ok_or_else(PaypalError::not_found)
    }
}

/// `{"currency_code": "EUR", "value": "19.99"}`
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PaypalAmountRequest)]
pub(super) struct AmountBody {
    currency_code: Option<String>,
    value: Option<String>,
}

impl AmountBody {
    pub(super) fn read(&self) -> Result<Money, PaypalError> {
        let code = self.currency_code.as_deref();
        let code = code.ok_or_else(|| PaypalError::missing("currency_code"))?;
        let value = self
            .value
            .as_deref()
            .ok_or_else(|| PaypalError::missing("value"))?;
        let currency: Currency = code.parse().map_err(|_| {
            PaypalError::unprocessable(
                "CURRENCY_NOT_SUPPORTED",
                "Currency code is not currently supported: use EUR, USD or GBP.",
            )
        })?;
        match parse_minor_units(value) {
            Ok(units) if units <= AMOUNT_MAX => Ok(Money::new(units, currency)),
            Ok(_) => Err(amount_error(DecimalError::TooLarge)),
            Err(error) => Err(amount_error(error)),
        }
    }
}

fn amount_error(error: DecimalError) -> PaypalError {
    let issue = match error {
        DecimalError::Malformed => {
            return PaypalError::invalid("value", "INVALID_PARAMETER_SYNTAX", error.to_string());
        }
        DecimalError::TooPrecise => "DECIMAL_PRECISION",
        DecimalError::NotPositive => "CANNOT_BE_ZERO_OR_NEGATIVE",
        DecimalError::TooLarge => "MAX_VALUE_EXCEEDED",
    };
    PaypalError::unprocessable(issue, format!("The amount is {error}."))
}

/// A text without control characters, of at most `chars_max` characters.
pub(super) fn plain(
    field: &str,
    text: Option<String>,
    chars_max: usize,
) -> Result<Option<String>, PaypalError> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > chars_max => Err(PaypalError::invalid(
            field,
            "INVALID_STRING_MAX_LENGTH",
            format!("The value is longer than {chars_max} characters."),
        )),
        Some(text) if text.chars().any(char::is_control) => Err(PaypalError::invalid(
            field,
            "INVALID_PARAMETER_SYNTAX",
            "The value holds control characters.",
        )),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_json_pointers() {
        assert_eq!(
            pointer("purchase_units[0].amount.value"),
            "/purchase_units/0/amount/value"
        );
        assert_eq!(pointer("."), "/");
        assert_eq!(pointer("intent"), "/intent");
    }
}
