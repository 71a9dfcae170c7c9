//! Sliding windows: the outcomes of the last calls or the last seconds, with running sums so that a verdict is O(1).
//! They count; what a count means is the machine's business.

use std::collections::VecDeque;
use std::ops::{AddAssign, SubAssign};
use std::time::{Duration, Instant};

use super::config::Window;
use crate::ring::BucketRing;

/// How many calls a window holds, and of which kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All calls with a result.
    pub calls: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that took longer than `slow_call_duration`, failed or not.
    pub slow: u64,
    /// Those that were slow and failed.
    pub slow_failed: u64,
}

impl Counts {
    /// The counts of a single call.
    pub(super) fn of_call(failed: bool, slow: bool) -> Self {
        Self {
            calls: 1,
            failed: u64::from(failed),
            slow: u64::from(slow),
            slow_failed: u64::from(failed && slow),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.calls += more.calls;
        self.failed += more.failed;
        self.slow += more.slow;
        self.slow_failed += more.slow_failed;
    }
}

impl SubAssign for Counts {
    fn sub_assign(&mut self, less: Self) {
        self.calls -= less.calls;
        self.failed -= less.failed;
        self.slow -= less.slow;
        self.slow_failed -= less.slow_failed;
    }
}

/// A window with the sum of what it holds.
#[derive(Debug)]
pub(super) struct SlidingWindow {
    held: Held,
    sum: Counts,
}

#[derive(Debug)]
enum Held {
    Calls {
        outcomes: VecDeque<Outcome>,
        size: usize,
    },
    Seconds(BucketRing<Counts>),
}

/// One call in two bytes; a count window keeps thousands of them.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    failed: bool,
    slow: bool,
}

impl SlidingWindow {
    pub(super) fn new(window: Window) -> Self {
        let held = match window {
            // Room is made as calls come in: most breakers of a quiet system never fill their window.
            Window::Count(size) => Held::Calls {
                outcomes: VecDeque::new(),
                size: size as usize,
            },
            Window::Time(span) => {
                let seconds = usize::try_from(span.as_secs()).unwrap_or(usize::MAX);
                Held::Seconds(BucketRing::new(Duration::from_secs(1), seconds))
            }
        };
        Self {
            held,
            sum: Counts::default(),
        }
    }

    /// Adds a call that finished at `now`.
    pub(super) fn record(&mut self, now: Instant, failed: bool, slow: bool) {
        self.forget_old(now);
        let call = Counts::of_call(failed, slow);
        match &mut self.held {
            Held::Calls { outcomes, size } => {
                if outcomes.len() == *size
                    && let Some(oldest) = outcomes.pop_front()
                {
                    self.sum -= Counts::of_call(oldest.failed, oldest.slow);
                }
                outcomes.push_back(Outcome { failed, slow });
            }
            Held::Seconds(ring) => *ring.present(now) += call,
        }
        self.sum += call;
    }

    /// What the window holds at `now`.
    pub(super) fn counts(&mut self, now: Instant) -> Counts {
        self.forget_old(now);
        self.sum
    }

    fn forget_old(&mut self, now: Instant) {
        if let Held::Seconds(ring) = &mut self.held {
            ring.turn(now, |old| self.sum -= old);
        }
    }
}
