//! Values and attributes as they are kept: strings are ids of a [`Pool`], and a value is sixteen
//! bytes. Nothing here knows what an attribute means.

use super::heap::{self, Heap};
use super::pool::{Id, Pool};
use crate::wire::{self, AnyValue, ArrayValue, KeyValue, KeyValueList};

/// All strings of a store.
pub(super) type Strings = Pool<Box<str>>;

/// Holds strings, and must be told to let them go: dropping it would leak them in the pool.
pub(super) trait Release {
    /// Lets every string go.
    fn release(&self, strings: &mut Strings);
}

impl<T: Release> Release for [T] {
    fn release(&self, strings: &mut Strings) {
        self.iter().for_each(|one| one.release(strings));
    }
}

/// An attribute.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Attribute {
    pub(super) key: Id,
    pub(super) value: Value,
}

/// A value.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Empty,
    String(Id),
    Bool(bool),
    Int(i64),
    /// The bits of a double, so that equal means the same.
    Double(u64),
    Nested(Box<Nested>),
}

/// Values that are rare.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Nested {
    Array(Box<[Value]>),
    Map(Box<[Attribute]>),
    Bytes(Box<[u8]>),
}

/// As they are kept.
pub(super) fn attributes(from: Vec<KeyValue>, strings: &mut Strings) -> Box<[Attribute]> {
    let attribute = |one: KeyValue| Attribute {
        key: strings.hold(one.key.as_str()),
        value: Value::keep(one.value.unwrap_or_default(), strings),
    };
    exactly(from, attribute)
}

/// In a block of its own, of just the size. Collecting would keep the block of `from`, cut down:
/// what is cut off is too small for the next request, and the memory fills with such pieces.
pub(super) fn exactly<A, B>(from: Vec<A>, keep: impl FnMut(A) -> B) -> Box<[B]> {
    let mut kept = Vec::with_capacity(from.len());
    kept.extend(from.into_iter().map(keep));
    kept.into_boxed_slice()
}

/// As they were sent.
pub(super) fn key_values(from: &[Attribute], strings: &Strings) -> Vec<KeyValue> {
    let key_value = |one: &Attribute| KeyValue {
        key: strings.get(one.key).to_string(),
        value: Some(one.value.send(strings)),
    };
    from.iter().map(key_value).collect()
}

impl Value {
    pub(super) fn keep(from: AnyValue, strings: &mut Strings) -> Self {
        let nested = |nested| Self::Nested(Box::new(nested));
        match from.value {
            None => Self::Empty,
            Some(wire::Value::String(text)) => Self::String(strings.hold(text.as_str())),
            Some(wire::Value::Bool(value)) => Self::Bool(value),
            Some(wire::Value::Int(value)) => Self::Int(value),
            Some(wire::Value::Double(value)) => Self::Double(value.to_bits()),
            Some(wire::Value::Array(list)) => {
                let values = exactly(list.values, |one| Self::keep(one, strings));
                nested(Nested::Array(values))
            }
            Some(wire::Value::Map(map)) => nested(Nested::Map(attributes(map.values, strings))),
            Some(wire::Value::Bytes(bytes)) => nested(Nested::Bytes(bytes.as_slice().into())),
        }
    }

    pub(super) fn send(&self, strings: &Strings) -> AnyValue {
        let value = match self {
            Self::Empty => None,
            Self::String(id) => Some(wire::Value::String(strings.get(*id).to_string())),
            Self::Bool(value) => Some(wire::Value::Bool(*value)),
            Self::Int(value) => Some(wire::Value::Int(*value)),
            Self::Double(bits) => Some(wire::Value::Double(f64::from_bits(*bits))),
            Self::Nested(nested) => Some(nested.send(strings)),
        };
        AnyValue { value }
    }

    /// Is it `text`, or does it print like it? `id` is the id of `text`, if any string is like it.
    pub(super) fn reads(&self, text: &str, id: Option<Id>) -> bool {
        match self {
            Self::String(own) => Some(*own) == id,
            Self::Bool(value) => text == if *value { "true" } else { "false" },
            Self::Int(value) => text.parse() == Ok(*value),
            Self::Double(bits) => text.parse::<f64>().is_ok_and(|it| it.to_bits() == *bits),
            Self::Empty | Self::Nested(_) => false,
        }
    }
}

impl Nested {
    fn send(&self, strings: &Strings) -> wire::Value {
        match self {
            Self::Array(values) => wire::Value::Array(ArrayValue {
                values: values.iter().map(|one| one.send(strings)).collect(),
            }),
            Self::Map(entries) => wire::Value::Map(KeyValueList {
                values: key_values(entries, strings),
            }),
            Self::Bytes(bytes) => wire::Value::Bytes(bytes.to_vec()),
        }
    }
}

impl Release for Attribute {
    fn release(&self, strings: &mut Strings) {
        strings.release(self.key);
        self.value.release(strings);
    }
}

impl Release for Value {
    fn release(&self, strings: &mut Strings) {
        match self {
            Self::String(id) => drop(strings.release(*id)),
            Self::Nested(nested) => match &**nested {
                Nested::Array(values) => values.release(strings),
                Nested::Map(entries) => entries.release(strings),
                Nested::Bytes(_) => {}
            },
            Self::Empty | Self::Bool(_) | Self::Int(_) | Self::Double(_) => {}
        }
    }
}

impl Heap for Attribute {
    fn heap(&self) -> usize {
        self.value.heap()
    }
}

impl Heap for Value {
    fn heap(&self) -> usize {
        let Self::Nested(nested) = self else { return 0 };
        heap::array::<Nested>(1)
            + match &**nested {
                Nested::Array(values) => values.heap(),
                Nested::Map(entries) => entries.heap(),
                Nested::Bytes(bytes) => heap::block(bytes.len()),
            }
    }
}
