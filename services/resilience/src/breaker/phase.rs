//! A breaker's state together with what only that state needs. The rules for moving on are the machine's.

use std::time::Instant;

use super::report::State;

/// A state with what it needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    Closed,
    Open { until: Instant },
    HalfOpen { permits: u32, ends: Option<Instant> },
    Disabled,
    ForcedOpen,
    MetricsOnly,
}

impl Phase {
    pub(super) fn state(self) -> State {
        match self {
            Self::Closed => State::Closed,
            Self::Open { .. } => State::Open,
            Self::HalfOpen { .. } => State::HalfOpen,
            Self::Disabled => State::Disabled,
            Self::ForcedOpen => State::ForcedOpen,
            Self::MetricsOnly => State::MetricsOnly,
        }
    }

    pub(super) fn open_until(self) -> Option<Instant> {
        if let Self::Open { until } = self {
            Some(until)
        } else {
            None
        }
    }

    pub(super) fn permits_left(self) -> Option<u32> {
        if let Self::HalfOpen { permits, .. } = self {
            Some(permits)
        } else {
            None
        }
    }
}
