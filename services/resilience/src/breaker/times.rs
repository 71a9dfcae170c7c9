//! How long calls took: the sum, and the longest of late. What Micrometer calls a timer.

use std::time::{Duration, Instant};

use crate::ring::BucketRing;

/// Micrometer's own: a maximum is forgotten after two minutes, in steps.
const MAX_REMEMBERED: Duration = Duration::from_secs(120);
const STEPS: u32 = 4;

/// Durations of one kind of call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTimes {
    /// The sum over the breaker's life.
    pub total: Duration,
    /// The longest call of the last two minutes (at least a minute and a half); zero if there was none.
    pub longest_recent: Duration,
}

/// Durations by kind, of the calls that [`super::Totals`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Of successes.
    pub successful: CallTimes,
    /// Of failures.
    pub failed: CallTimes,
    /// Of ignored calls.
    pub ignored: CallTimes,
}

#[derive(Debug)]
pub(super) struct Stopwatch {
    total: Duration,
    maxima: BucketRing<Duration>,
}

impl Stopwatch {
    pub(super) fn new() -> Self {
        Self {
            total: Duration::ZERO,
            maxima: BucketRing::new(MAX_REMEMBERED / STEPS, STEPS as usize),
        }
    }

    pub(super) fn record(&mut self, now: Instant, took: Duration) {
        self.total = self.total.saturating_add(took);
        self.maxima.turn(now, drop);
        let longest = self.maxima.present(now);
        *longest = took.max(*longest);
    }

    pub(super) fn read(&mut self, now: Instant) -> CallTimes {
        self.maxima.turn(now, drop);
        CallTimes {
            total: self.total,
            longest_recent: self.maxima.iter().copied().max().unwrap_or_default(),
        }
    }
}
