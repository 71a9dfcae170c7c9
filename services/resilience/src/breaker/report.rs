//! What a breaker tells about itself: states, transitions with their cause, snapshots. Plain values without behaviour.

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use super::times::Times;
use super::window::Counts;

/// The state of a breaker, in Resilience4j's order. Closed means that traffic flows, open that the breaker has tripped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Calls pass and are counted; too high a rate opens.
    Closed,
    /// Calls are rejected until the wait is over.
    Open,
    /// A few probes pass; their rates decide between open and closed.
    HalfOpen,
    /// An operator lets every call pass, uncounted.
    Disabled,
    /// An operator lets no call pass.
    ForcedOpen,
    /// An operator lets every call pass, counted, without consequence.
    MetricsOnly,
}

impl State {
    /// Every state, for metrics with one series a state.
    pub const ALL: [Self; 6] = [
        Self::Closed,
        Self::Open,
        Self::HalfOpen,
        Self::Disabled,
        Self::ForcedOpen,
        Self::MetricsOnly,
    ];

    /// The name that Resilience4j's metrics use as label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Disabled => "disabled",
            Self::ForcedOpen => "forced_open",
            Self::MetricsOnly => "metrics_only",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why a breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The failure rate reached its threshold (named alone when both rates did).
    FailureRate,
    /// The slow-call rate reached its threshold.
    SlowCallRate,
    /// The open wait was over and a call came.
    WaitElapsed,
    /// The probes stayed below both thresholds.
    ProbesPassed,
    /// Half-open lasted too long without a verdict.
    HalfOpenTimedOut,
    /// An operator asked for it.
    Operator,
}

impl Cause {
    /// A stable name for logs and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FailureRate => "failure_rate",
            Self::SlowCallRate => "slow_call_rate",
            Self::WaitElapsed => "wait_elapsed",
            Self::ProbesPassed => "probes_passed",
            Self::HalfOpenTimedOut => "half_open_timed_out",
            Self::Operator => "operator",
        }
    }
}

/// One change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Counts the breaker's transitions from 1, without gaps.
    pub sequence: u64,
    /// The state that was left.
    pub from: State,
    /// The state that was entered.
    pub to: State,
    /// When; never before the transition before it.
    pub at: Instant,
    /// Why.
    pub cause: Cause,
}

/// Counted since the breaker was made; never decreases. Nothing is counted while disabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Results recorded in a window as success.
    pub successful: u64,
    /// Results recorded in a window as failure.
    pub failed: u64,
    /// Calls that were ignored.
    pub ignored: u64,
    /// Calls that were rejected.
    pub not_permitted: u64,
    /// Results that came after the window in which their call was admitted was gone; they are in no other count.
    pub late: u64,
}

/// A breaker at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    /// The state.
    pub state: State,
    /// What the present window holds; while open, the window that opened it.
    pub counts: Counts,
    /// Failed calls of a hundred; `None` below the minimum of calls.
    pub failure_rate_percent: Option<f64>,
    /// Slow calls of a hundred; `None` below the minimum of calls.
    pub slow_call_rate_percent: Option<f64>,
    /// While open: the instant after which a call is admitted as probe.
    pub open_until: Option<Instant>,
    /// While half-open: probes that can still be taken.
    pub half_open_permits_left: Option<u32>,
    /// Counts over the breaker's life.
    pub totals: Totals,
    /// How long the calls in the totals took.
    pub times: Times,
    /// The last change of state, if there was one.
    pub last_transition: Option<Transition>,
    pub(super) transitions: TransitionCounts,
}

/// Changes of state, by the one that was left and the one that was entered.
pub(super) type TransitionCounts = [[u64; State::ALL.len()]; State::ALL.len()];

impl Snapshot {
    /// How often the breaker has gone into `state` from another.
    pub fn transitions_into(&self, state: State) -> u64 {
        State::ALL
            .into_iter()
            .map(|from| self.transitions_between(from, state))
            .sum()
    }

    /// How often the breaker has gone from one state straight into another.
    pub fn transitions_between(&self, from: State, to: State) -> u64 {
        self.transitions[from as usize][to as usize]
    }
}

/// The last transitions, and how many there were of each kind.
#[derive(Debug, Default)]
pub(super) struct TransitionLog {
    recent: VecDeque<Transition>,
    sequence: u64,
    pub(super) counts: TransitionCounts,
}

impl TransitionLog {
    /// Enough for a reader that looks every few seconds: a breaker that does its work turns a few times a minute.
    const REMEMBERED: usize = 64;

    pub(super) fn push(&mut self, from: State, to: State, at: Instant, cause: Cause) {
        self.sequence += 1;
        self.counts[from as usize][to as usize] += 1;
        if self.recent.len() == Self::REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Transition {
            sequence: self.sequence,
            from,
            to,
            at,
            cause,
        });
    }

    pub(super) fn after(&self, sequence: u64) -> Vec<Transition> {
        self.recent
            .iter()
            .filter(|transition| transition.sequence > sequence)
            .copied()
            .collect()
    }

    pub(super) fn last(&self) -> Option<Transition> {
        self.recent.back().copied()
    }
}
