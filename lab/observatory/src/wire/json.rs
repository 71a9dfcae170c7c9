//! Where OTLP/JSON differs from what serde would do by itself.

use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

use super::common::{AnyValue, ArrayValue, KeyValueList, Value};

/// For `skip_serializing_if`: proto3 leaves defaults out.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// proto3 JSON writes 64-bit integers as strings and reads numbers too.
#[derive(Deserialize)]
#[serde(untagged)]
enum TextOr<T> {
    Number(T),
    Text(String),
}

impl<T: std::str::FromStr<Err: std::fmt::Display>> TextOr<T> {
    fn read<E: serde::de::Error>(self) -> Result<T, E> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Text(text) => text
                .parse()
                .map_err(|error| E::custom(format!("{text:?} is not a number: {error}"))),
        }
    }
}

/// An unsigned 64-bit integer.
pub(super) mod fixed64 {
    use super::{Deserialize, Deserializer, Serializer, TextOr};

    pub(crate) fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        TextOr::deserialize(from)?.read()
    }
}

/// A signed 64-bit integer.
pub(super) mod int64 {
    use super::Serializer;

    pub(crate) fn serialize<S: Serializer>(value: &i64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }
}

/// A double; JSON has no number for the three that are not numbers.
pub(super) mod double {
    use super::Serializer;

    pub(crate) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            return to.serialize_f64(*value);
        }
        to.serialize_str(match (value.is_nan(), *value > 0.0) {
            (true, _) => "NaN",
            (_, true) => "Infinity",
            (_, false) => "-Infinity",
        })
    }
}

/// A trace or span id.
pub(super) mod hex_id {
    use std::borrow::Cow;

    use super::{Deserialize, Deserializer, Serializer};
    use serde::de::Error;

    pub(crate) fn serialize<S: Serializer>(id: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(id))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        hex::decode(text.as_bytes())
            .map_err(|error| D::Error::custom(format!("{text:?} is not a hexadecimal id: {error}")))
    }
}

/// Bytes.
pub(super) mod base64 {
    use super::Serializer;
    use ::base64::{Engine as _, engine::general_purpose::STANDARD};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }
}

/// `AnyValue` as JSON has it: an object with at most one of these.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AnyValueFields {
    string_value: Option<String>,
    bool_value: Option<bool>,
    int_value: Option<Int>,
    double_value: Option<Double>,
    array_value: Option<ArrayValue>,
    kvlist_value: Option<KeyValueList>,
    bytes_value: Option<Bytes>,
}

struct Int(i64);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        TextOr::deserialize(from)?.read().map(Self)
    }
}

struct Double(f64);

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        TextOr::deserialize(from)?.read().map(Self)
    }
}

struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use ::base64::{Engine as _, engine::general_purpose::STANDARD};
        let text = String::deserialize(from)?;
        STANDARD
            .decode(&text)
            .map(Self)
            .map_err(|error| D::Error::custom(format!("bytesValue is not base64: {error}")))
    }
}

impl From<AnyValueFields> for AnyValue {
    fn from(fields: AnyValueFields) -> Self {
        let value = fields
            .string_value
            .map(Value::String)
            .or_else(|| fields.bool_value.map(Value::Bool))
            .or_else(|| fields.int_value.map(|int| Value::Int(int.0)))
            .or_else(|| fields.double_value.map(|double| Value::Double(double.0)))
            .or_else(|| fields.array_value.map(Value::Array))
            .or_else(|| fields.kvlist_value.map(Value::Map))
            .or_else(|| fields.bytes_value.map(|bytes| Value::Bytes(bytes.0)));
        Self { value }
    }
}
