//! What a fault does, as a value: Toxiproxy's toxics with its attributes, and our own.

mod attributes;
pub mod http;

use std::time::Duration;

use serde_json::{Map, Value};

use self::http::HttpFault;
pub use attributes::BadAttribute;
use attributes::Reader;

/// Which way the bytes go that it acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// From the client to the server.
    Upstream,
    /// From the server to the client.
    Downstream,
}

impl Stream {
    /// As clients write it, in any case; nothing means downstream.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "upstream" => Some(Self::Upstream),
            "downstream" | "" => Some(Self::Downstream),
            _ => None,
        }
    }

    /// As answers write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Downstream => "downstream",
        }
    }
}

/// A type of toxic with its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toxic {
    /// Each chunk comes later: by `latency`, give or take up to `jitter`. The order stays.
    Latency {
        /// By how much on average.
        latency: Duration,
        /// By how much more or less.
        jitter: Duration,
    },
    /// So many bytes a second and connection; 0 is none at all.
    Bandwidth {
        /// In kilobytes (1,000 bytes) a second.
        rate: u64,
    },
    /// The end of a stream arrives later.
    SlowClose {
        /// By how much.
        delay: Duration,
    },
    /// Bytes vanish; after `timeout` the connection is closed, with 0 never.
    Timeout {
        /// Since the toxic took hold of the connection; chunks do not prolong it.
        timeout: Duration,
    },
    /// Nothing gets through; after `timeout` the connection is reset on both sides.
    ResetPeer {
        /// Since the toxic took hold of the connection.
        timeout: Duration,
    },
    /// Chunks arrive in small pieces.
    Slicer {
        /// Of a piece, in bytes.
        average_size: u64,
        /// How much larger or smaller it may be.
        size_variation: u64,
        /// Between two pieces. Microseconds on the wire.
        delay: Duration,
    },
    /// After so many bytes the connection is closed.
    LimitData {
        /// How many, counted since the toxic took hold of the connection.
        bytes: u64,
    },
    /// Nothing gets through, nothing is lost: when it is lifted, all that was held back goes on its way.
    Blackhole,
    /// Something happens to requests or answers, not to bytes; only on edges that carry HTTP.
    Http(HttpFault),
}

/// Every type that acts on bytes, by its name on the wire.
const TYPES: [&str; 8] = [
    "latency",
    "bandwidth",
    "slow_close",
    "timeout",
    "reset_peer",
    "slicer",
    "limit_data",
    "blackhole",
];

/// Every type, by its name on the wire.
pub fn types() -> impl Iterator<Item = &'static str> {
    TYPES.into_iter().chain(http::TYPES)
}

impl Toxic {
    /// A toxic of this type with these attributes; those that are missing are 0, unknown ones are ignored, as Toxiproxy has it. None
    /// when there is no such type.
    ///
    /// # Errors
    /// When an attribute is not what it has to be: a whole number within its limit, a method, a path.
    pub fn parse(kind: &str, given: &Map<String, Value>) -> Result<Option<Self>, BadAttribute> {
        let read = Reader(given);
        Ok(Some(match kind {
            "latency" => Self::Latency {
                latency: read.millis("latency")?,
                jitter: read.millis("jitter")?,
            },
            "bandwidth" => Self::Bandwidth {
                rate: read.number("rate")?,
            },
            "slow_close" => Self::SlowClose {
                delay: read.millis("delay")?,
            },
            "timeout" => Self::Timeout {
                timeout: read.millis("timeout")?,
            },
            "reset_peer" => Self::ResetPeer {
                timeout: read.millis("timeout")?,
            },
            "slicer" => Self::Slicer {
                average_size: read.number("average_size")?,
                size_variation: read.number("size_variation")?,
                delay: read.micros("delay")?,
            },
            "limit_data" => Self::LimitData {
                bytes: read.number("bytes")?,
            },
            "blackhole" => Self::Blackhole,
            kind => return Ok(HttpFault::parse(kind, &read)?.map(Self::Http)),
        }))
    }

    /// The same with some attributes changed.
    ///
    /// # Errors
    /// As [`Toxic::parse`].
    pub fn with(&self, changed: &Map<String, Value>) -> Result<Self, BadAttribute> {
        let mut all = self.attributes();
        all.extend(changed.clone());
        let toxic = Self::parse(self.kind(), &all)?;
        Ok(toxic.expect("its own type is known"))
    }

    /// Its type on the wire.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Bandwidth { .. } => "bandwidth",
            Self::SlowClose { .. } => "slow_close",
            Self::Timeout { .. } => "timeout",
            Self::ResetPeer { .. } => "reset_peer",
            Self::Slicer { .. } => "slicer",
            Self::LimitData { .. } => "limit_data",
            Self::Blackhole => "blackhole",
            Self::Http(fault) => fault.kind(),
        }
    }

    /// Does it act on bytes, not on requests?
    #[must_use]
    pub fn acts_on_bytes(&self) -> bool {
        !matches!(self, Self::Http(_))
    }

    /// The one stream that it can act on; None when that is for whoever sets it to say.
    #[must_use]
    pub fn stream(&self) -> Option<Stream> {
        match self {
            Self::Http(fault) => Some(fault.stream()),
            _ => None,
        }
    }

    /// Its attributes on the wire, all of them.
    #[must_use]
    pub fn attributes(&self) -> Map<String, Value> {
        let millis = |time: &Duration| Value::from(time.as_millis() as u64);
        let pairs = match self {
            Self::Latency { latency, jitter } => {
                vec![("latency", millis(latency)), ("jitter", millis(jitter))]
            }
            Self::Bandwidth { rate } => vec![("rate", (*rate).into())],
            Self::SlowClose { delay } => vec![("delay", millis(delay))],
            Self::Timeout { timeout } | Self::ResetPeer { timeout } => {
                vec![("timeout", millis(timeout))]
            }
            Self::Slicer {
                average_size,
                size_variation,
                delay,
            } => vec![
                ("average_size", (*average_size).into()),
                ("size_variation", (*size_variation).into()),
                ("delay", (delay.as_micros() as u64).into()),
            ],
            Self::LimitData { bytes } => vec![("bytes", (*bytes).into())],
            Self::Blackhole => Vec::new(),
            Self::Http(fault) => fault.attributes(),
        };
        let named = pairs.into_iter();
        named
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn every_type_of_the_list_is_known_and_writes_what_it_reads() {
        for kind in types() {
            let toxic = Toxic::parse(kind, &Map::new())
                .expect("read")
                .expect("known");
            assert_eq!(toxic.kind(), kind);
            assert_eq!(toxic.with(&Map::new()), Ok(toxic));
        }
        assert_eq!(Toxic::parse("lag", &Map::new()), Ok(None));
    }

    #[test]
    fn attributes_that_are_missing_are_zero_and_unknown_ones_are_ignored() {
        let toxic = Toxic::parse("latency", &given(json!({"latency": 5, "colour": "red"})));
        let expected = Toxic::Latency {
            latency: Duration::from_millis(5),
            jitter: Duration::ZERO,
        };
        assert_eq!(toxic, Ok(Some(expected)));
    }

    #[test]
    fn an_update_keeps_what_it_does_not_name() {
        let before = Toxic::Latency {
            latency: Duration::from_millis(5),
            jitter: Duration::from_millis(2),
        };
        let after = before.with(&given(json!({"jitter": 1})));
        let after = after.expect("it can be read").attributes();
        assert_eq!(Value::from(after), json!({"latency": 5, "jitter": 1}));
    }

    #[test]
    fn a_slicer_counts_its_delay_in_microseconds() {
        let slicer = Toxic::parse("slicer", &given(json!({"delay": 1500})));
        let Ok(Some(Toxic::Slicer { delay, .. })) = slicer else {
            panic!("{slicer:?}");
        };
        assert_eq!(delay, Duration::from_micros(1500));
    }

    #[test]
    fn what_is_no_whole_number_in_range_is_refused_by_name() {
        for wrong in [
            json!(-1),
            json!("5"),
            json!(1.5),
            json!(3_600_001),
            json!(null),
        ] {
            let refused = Toxic::parse("latency", &given(json!({ "latency": wrong })));
            let refused = refused.expect_err("it is wrong").to_string();
            assert!(refused.contains("latency"), "{refused}");
        }
    }
}
