//! Values, attributes, resources and scopes: what traces and logs share.

use prost::{Message, Oneof};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use super::json::{self, is_default};

/// A value of any type; `value` is `None` for an empty one.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(from = "json::AnyValueFields")]
pub struct AnyValue {
    /// The value.
    #[prost(oneof = "Value", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub value: Option<Value>,
}

/// What a value can be.
#[derive(Clone, PartialEq, Oneof, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Value {
    /// Text.
    #[prost(string, tag = "1")]
    #[serde(rename = "stringValue")]
    String(String),
    /// True or false.
    #[prost(bool, tag = "2")]
    #[serde(rename = "boolValue")]
    Bool(bool),
    /// A whole number.
    #[prost(int64, tag = "3")]
    #[serde(rename = "intValue", serialize_with = "json::int64::serialize")]
    Int(i64),
    /// A floating-point number.
    #[prost(double, tag = "4")]
    #[serde(rename = "doubleValue", serialize_with = "json::double::serialize")]
    Double(f64),
    /// A list.
    #[prost(message, tag = "5")]
    #[serde(rename = "arrayValue")]
    Array(ArrayValue),
    /// A map.
    #[prost(message, tag = "6")]
    #[serde(rename = "kvlistValue")]
    Map(KeyValueList),
    /// Bytes, base64 in JSON.
    #[prost(bytes = "vec", tag = "7")]
    #[serde(rename = "bytesValue", serialize_with = "json::base64::serialize")]
    Bytes(Vec<u8>),
}

impl Serialize for AnyValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_map(Some(0))?.end(),
        }
    }
}

/// A list of values.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
pub struct ArrayValue {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<AnyValue>,
}

/// A map, in the order in which it was sent.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyValueList {
    /// The entries.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<KeyValue>,
}

/// An attribute.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyValue {
    /// Its name, dotted by convention.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Its value.
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

/// What sent the telemetry: `service.name` and its other attributes.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Resource {
    /// Its attributes.
    #[prost(message, repeated, tag = "1")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<KeyValue>,
    /// How many the sender left out.
    #[prost(uint32, tag = "2")]
    #[serde(skip_serializing_if = "is_default")]
    pub dropped_attributes_count: u32,
}

/// The library that made the telemetry.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct InstrumentationScope {
    /// Its name.
    #[prost(string, tag = "1")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its version.
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Its attributes.
    #[prost(message, repeated, tag = "3")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<KeyValue>,
    /// How many the sender left out.
    #[prost(uint32, tag = "4")]
    #[serde(skip_serializing_if = "is_default")]
    pub dropped_attributes_count: u32,
}
