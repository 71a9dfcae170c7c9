//! Reads a toxic's attributes: whole numbers and texts, each within its limit.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::limits::LEASE_MAX;

/// Far beyond what a loopback carries, and small enough for arithmetic.
const NUMBER_MAX: u64 = 1_000_000_000_000;

/// An attribute that cannot be used.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("attribute {name} must be {wanted}, not {given}")]
pub struct BadAttribute {
    name: String,
    wanted: String,
    given: String,
}

pub(super) struct Reader<'a>(pub(super) &'a Map<String, Value>);

impl Reader<'_> {
    pub(super) fn number(&self, name: &str) -> Result<u64, BadAttribute> {
        self.number_in(name, 0, 0..=NUMBER_MAX)
    }

    pub(super) fn millis(&self, name: &str) -> Result<Duration, BadAttribute> {
        self.millis_or(name, Duration::ZERO)
    }

    pub(super) fn millis_or(
        &self,
        name: &str,
        missing: Duration,
    ) -> Result<Duration, BadAttribute> {
        let (missing, max) = (missing.as_millis() as u64, LEASE_MAX.as_millis() as u64);
        let millis = self.number_in(name, missing, 0..=max)?;
        Ok(Duration::from_millis(millis))
    }

    pub(super) fn micros(&self, name: &str) -> Result<Duration, BadAttribute> {
        let max = LEASE_MAX.as_micros() as u64;
        self.number_in(name, 0, 0..=max).map(Duration::from_micros)
    }

    pub(super) fn number_in(
        &self,
        name: &str,
        missing: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, BadAttribute> {
        let Some(given) = self.given(name) else {
            return Ok(missing);
        };
        let number = given.as_u64().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let wanted = format!("a whole number from {} to {}", range.start(), range.end());
            bad(name, wanted, given)
        })
    }

    /// An empty text is none.
    pub(super) fn text<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, BadAttribute> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(given) => match given.as_str().and_then(read) {
                Some(value) => Ok(Some(value)),
                None => Err(bad(name, wanted.to_owned(), given)),
            },
        }
    }

    /// Names are read in any case, as Go does.
    fn given(&self, name: &str) -> Option<&Value> {
        let mut given = self.0.iter();
        let named = given.find(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value)
    }
}

fn bad(name: &str, wanted: String, given: &Value) -> BadAttribute {
    BadAttribute {
        name: name.to_owned(),
        wanted,
        given: given.to_string(),
    }
}
