//! Trace and span ids as numbers: sixteen and eight bytes, zero meaning none.

use std::fmt;
use std::str::FromStr;

/// The id of a trace; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(u128);

impl TraceId {
    /// From the sixteen bytes of OTLP; none when there are not sixteen, or all are zero.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let id = u128::from_be_bytes(bytes.try_into().ok()?);
        (id != 0).then_some(Self(id))
    }

    /// The sixteen bytes of OTLP.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for TraceId {
    type Err = &'static str;

    /// As Jaeger reads it: up to 32 hexadecimal digits, zeros in front may be missing.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(id) if digits && id != 0 => Ok(Self(id)),
            _ => Err("a trace id has 1 to 32 hexadecimal digits and is not zero"),
        }
    }
}

/// A span id of OTLP; none when it is not eight bytes, or all are zero.
pub(super) fn span_id(bytes: &[u8]) -> Option<u64> {
    let id = u64::from_be_bytes(bytes.try_into().ok()?);
    (id != 0).then_some(id)
}

/// The bytes of OTLP: none for zero.
pub(super) fn span_id_bytes(id: u64) -> Vec<u8> {
    if id == 0 {
        Vec::new()
    } else {
        id.to_be_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_read_as_jaeger_reads_it() {
        let id: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse().expect("an id");
        assert_eq!(id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let short: TraceId = "ABC".parse().expect("an id");
        assert_eq!(short.to_string(), format!("{:0>32}", "abc"));
        for wrong in ["", "0", "+1", "xyz", "-1", &"1".repeat(33)] {
            assert!(wrong.parse::<TraceId>().is_err(), "{wrong:?}");
        }
    }
}
