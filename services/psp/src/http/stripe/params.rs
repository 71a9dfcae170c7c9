//! Parameters of a request, whether they came as a form (`metadata[order_id]=1`) or as JSON.
//!
//! A parameter is named as Stripe's documents and errors name it: `payment_method_data[card][token]`.

use serde_json::{Map, Value};

use super::error::StripeError;
use crate::domain::{card_number, payment::Metadata};

/// Most parameters of a form, and deepest nesting. No request that is understood comes near.
const PARAMETERS_MAX: usize = 200;
const DEPTH_MAX: usize = 5;
/// Stripe's limits of metadata.
const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_VALUE_CHARS_MAX: usize = 500;

/// Named values.
#[derive(Debug)]
pub(super) struct Params(Value);

impl Params {
    pub(super) fn from_form(form: &[u8]) -> Result<Self, StripeError> {
        let mut root = Map::new();
        for (count, (name, value)) in form_urlencoded::parse(form).enumerate() {
            if count == PARAMETERS_MAX {
                return Err(StripeError::invalid("Too many parameters."));
            }
            let segments = segments(&name);
            if segments.len() > DEPTH_MAX {
                return Err(StripeError::invalid("Parameters are nested too deeply."));
            }
            insert(&mut root, &segments, value.into_owned()).ok_or_else(|| {
                StripeError::invalid("A parameter is both a value and an object.")
                    .with_param(shown(&name))
            })?;
        }
        Self::checked(Value::Object(root))
    }

    pub(super) fn from_json(json: &[u8]) -> Result<Self, StripeError> {
        match serde_json::from_slice(json) {
            Ok(value @ Value::Object(_)) => Self::checked(value),
            Ok(_) => Err(StripeError::invalid("The body must be a JSON object.")),
            Err(error) => Err(StripeError::invalid(format!(
                "The body is not JSON: {error}."
            ))),
        }
    }

    /// Refuses card numbers wherever they stand: the provider takes tokens alone.
    fn checked(value: Value) -> Result<Self, StripeError> {
        if card_number::found_in(&value) {
            return Err(StripeError::invalid(
                "Sending credit card numbers directly to the API is generally unsafe. Use a test token such as tok_visa.",
            ));
        }
        Ok(Self(value))
    }

    /// For the hash of the request.
    pub(super) fn canonical(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).expect("a JSON value is JSON")
    }

    fn get(&self, name: &str) -> Option<&Value> {
        segments(name)
            .iter()
            .try_fold(&self.0, |value, segment| value.get(segment))
            .filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// A text of at most `chars_max` characters without control characters other than line breaks.
    pub(super) fn text(&self, name: &str, chars_max: usize) -> Result<Option<String>, StripeError> {
        self.get(name)
            .map(|value| read_text(name, value, chars_max))
            .transpose()
    }

    /// A whole number from 1 to `max`.
    pub(super) fn positive(&self, name: &str, max: i64) -> Result<Option<i64>, StripeError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(not_an_integer(name, "an object")),
        };
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_an_integer(name, &text));
        }
        match text.parse::<i64>() {
            Ok(number) if (1..=max).contains(&number) => Ok(Some(number)),
            Ok(number) if number < 1 => Err(StripeError::parameter(
                name,
                "parameter_invalid_integer",
                "This value must be greater than or equal to 1.",
            )),
            _ if text.starts_with('-') => Err(not_an_integer(name, &text)),
            _ => Err(StripeError::parameter(
                name,
                "amount_too_large",
                format!("This value must be less than or equal to {max}."),
            )),
        }
    }

    pub(super) fn boolean(&self, name: &str) -> Result<bool, StripeError> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            Some(_) => Err(StripeError::invalid("Invalid boolean.").with_param(name)),
        }
    }

    /// One of a few words.
    pub(super) fn choice(
        &self,
        name: &str,
        choices: &[&str],
    ) -> Result<Option<String>, StripeError> {
        let Some(chosen) = self.text(name, 100)? else {
            return Ok(None);
        };
        if choices.contains(&chosen.as_str()) {
            return Ok(Some(chosen));
        }
        Err(StripeError::invalid(format!(
            "Invalid {name}: must be one of {}.",
            choices.join(", ")
        ))
        .with_param(name))
    }

    pub(super) fn metadata(&self) -> Result<Metadata, StripeError> {
        let Some(value) = self.get("metadata") else {
            return Ok(Metadata::new());
        };
        let Value::Object(pairs) = value else {
            return Err(StripeError::invalid("Invalid object.").with_param("metadata"));
        };
        if pairs.len() > METADATA_KEYS_MAX {
            return Err(
                StripeError::invalid("Metadata can have up to 50 keys.").with_param("metadata")
            );
        }
        let set = pairs
            .iter()
            .filter(|(_, value)| !value.is_null() && value.as_str() != Some(""));
        set.map(|(key, value)| {
            let name = format!("metadata[{}]", shown(key));
            let key = read_text(&name, &Value::from(key.as_str()), METADATA_KEY_CHARS_MAX)?;
            Ok((key, read_text(&name, value, METADATA_VALUE_CHARS_MAX)?))
        })
        .collect()
    }
}

/// `a[b][c]` is `a`, `b`, `c`. What is not written so is one name.
fn segments(name: &str) -> Vec<&str> {
    match name.split_once('[') {
        Some((first, rest)) if !first.is_empty() && rest.ends_with(']') => {
            let inner = &rest[..rest.len() - 1];
            std::iter::once(first).chain(inner.split("][")).collect()
        }
        _ => vec![name],
    }
}

/// `None` when a value stands where an object is needed, or the other way round.
fn insert(object: &mut Map<String, Value>, segments: &[&str], text: String) -> Option<()> {
    let (first, rest) = segments.split_first()?;
    // `expand[]=a&expand[]=b`: each its own place.
    let name = if first.is_empty() {
        object.len().to_string()
    } else {
        (*first).to_owned()
    };
    if rest.is_empty() {
        let clash = object.get(&name).is_some_and(Value::is_object);
        object.insert(name, Value::String(text));
        return (!clash).then_some(());
    }
    let inner = object
        .entry(name)
        .or_insert_with(|| Value::Object(Map::new()));
    insert(inner.as_object_mut()?, rest, text)
}

fn read_text(name: &str, value: &Value, chars_max: usize) -> Result<String, StripeError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        _ => return Err(StripeError::invalid("Invalid string.").with_param(name)),
    };
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(odd) {
        return Err(StripeError::invalid("Invalid string: control characters.").with_param(name));
    }
    if text.chars().count() > chars_max {
        return Err(
            StripeError::invalid(format!("Invalid string: longer than {chars_max}."))
                .with_param(name),
        );
    }
    Ok(text)
}

fn not_an_integer(name: &str, found: &str) -> StripeError {
    let message = format!("Invalid integer: {}", shown(found));
    StripeError::parameter(name, "parameter_invalid_integer", message)
}

/// What a client sent, short enough to be shown back.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests;
