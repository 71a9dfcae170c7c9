//! What can be wrong with an answer. An answer that the scenario asked for (the 404 that an attacker deserves) is no fault.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The sorts of wrong answers, as the report counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The right status with the wrong content.
    WrongAnswer,
    /// A 4xx that nobody deserved.
    Refused,
    /// A 429 that nobody asked for: the gateway's limit for a customer.
    Limited,
    /// A 5xx.
    ServerError,
    /// No connection, a broken one, or nothing in time.
    NoAnswer,
    /// Not sent: too many visits were under way.
    Dropped,
}

/// One wrong answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its sort.
    pub kind: Kind,
    /// What exactly, without ids, so that equal faults can be counted.
    pub text: String,
}

/// Why a visit ended before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// An answer was wrong; it has been noted.
    Failed(Fault),
    /// The run is over.
    Stopped,
}

impl Fault {
    /// A fault of this sort.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

impl Kind {
    /// In words, for tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongAnswer => "wrong answer",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::ServerError => "server error",
            Self::NoAnswer => "no answer",
            Self::Dropped => "dropped",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.text)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}
