//! The instant after which nobody waits for an answer any more, and its form on the wire.
//!
//! Not a timer: it says how long is left, the caller does the waiting.

use std::time::{Duration, Instant};

/// The instant by which a request must be answered, carried from the edge of the system through every call it causes.
///
/// On the wire it is the time that is *left*, in whole milliseconds, because two machines' clocks do not agree.
/// The transport's own time is not deducted: a callee may think that it has that much longer than its caller.
///
/// Deadlines are ordered; a call made under two of them obeys the earlier: `ours.min(theirs)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

impl Deadline {
    /// Name of the header that carries the milliseconds left.
    pub const HEADER: &'static str = "x-deadline-ms";

    /// The furthest a deadline can lie ahead. The header comes from outside; no request of ours lasts a day.
    pub const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

    /// The deadline that lies `budget` after `now`; a budget above [`Deadline::LIMIT`] is cut to it.
    pub fn after(now: Instant, budget: Duration) -> Self {
        Self(now + budget.min(Self::LIMIT))
    }

    /// The deadline a caller sent as milliseconds left; 0 gives one that has already passed.
    pub fn from_header_ms(now: Instant, milliseconds: u64) -> Self {
        Self::after(now, Duration::from_millis(milliseconds))
    }

    /// The time left, never zero; `None` once the deadline is reached.
    pub fn remaining(self, now: Instant) -> Option<Duration> {
        self.0
            .checked_duration_since(now)
            .filter(|left| !left.is_zero())
    }

    /// The header's value: milliseconds left, rounded down so that the callee gives up first; 0 once reached.
    pub fn to_header_ms(self, now: Instant) -> u64 {
        let left = self.remaining(now).unwrap_or_default();
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    }

    /// The instant itself, for timers.
    pub fn instant(self) -> Instant {
        self.0
    }
}
