//! Reads a toxic's attributes: whole numbers, each within its limit.

use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::limits::LEASE_MAX;

/// Far beyond what a loopback carries, and small enough for arithmetic.
const NUMBER_MAX: u64 = 1_000_000_000_000;

/// An attribute that cannot be used.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("attribute {name} must be a whole number from 0 to {max}, not {given}")]
pub struct BadAttribute {
    name: String,
    max: u64,
    given: String,
}

pub(super) struct Reader<'a>(pub(super) &'a Map<String, Value>);

impl Reader<'_> {
    pub(super) fn number(&self, name: &str) -> Result<u64, BadAttribute> {
        self.within(name, NUMBER_MAX)
    }

    pub(super) fn millis(&self, name: &str) -> Result<Duration, BadAttribute> {
        let max = LEASE_MAX.as_millis() as u64;
        self.within(name, max).map(Duration::from_millis)
    }

    pub(super) fn micros(&self, name: &str) -> Result<Duration, BadAttribute> {
        let max = LEASE_MAX.as_micros() as u64;
        self.within(name, max).map(Duration::from_micros)
    }

    /// Names are read in any case, as Go does.
    fn within(&self, name: &str, max: u64) -> Result<u64, BadAttribute> {
        let given = self
            .0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        let Some((_, given)) = given else {
            return Ok(0);
        };
        let number = given.as_u64().filter(|number| *number <= max);
        number.ok_or_else(|| BadAttribute {
            name: name.to_owned(),
            max,
            given: given.to_string(),
        })
    }
}
