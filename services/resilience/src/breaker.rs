//! The circuit breaker: stops calling a neighbour that fails or drags, and probes it until it has recovered.
//!
//! The semantics are Resilience4j's (`CircuitBreakerStateMachine`), with its lazy transition from open to half-open:
//! rates are compared with `≥`, a call is slow when it took *longer* than the limit, no verdict before the minimum of
//! calls, and an open breaker admits the first probe *after* its wait, not at its end. Two things differ on purpose:
//!
//! - **A result counts in the window in which its call was admitted, or nowhere.** There, a call that began before the
//!   outage and times out during half-open is taken for a probe and opens the breaker again. Here it is counted as late.
//!   For the same reason it cannot add a half-open permit that it never took.
//! - **A permit cannot leak.** It is given back when dropped, so a cancelled call does not hold a half-open place for
//!   ever (resilience4j #544, #903, #935).
//!
//! This file is the handle that callers share; the rules are in `machine`, the sliding windows in `window`.

mod config;
mod machine;
mod phase;
mod report;
mod times;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;

use machine::{Machine, Ticket};

pub use config::{BreakerConfig, ConfigError, Window};
pub use report::{Cause, Snapshot, State, Totals, Transition};
pub use times::{CallTimes, Times};
pub use window::Counts;

/// A circuit breaker for one edge. Cloning gives another handle on the same breaker; every method takes one short lock.
#[derive(Clone, Debug)]
pub struct CircuitBreaker {
    machine: Arc<Mutex<Machine>>,
}

/// What became of a call, in the caller's judgement: a 404 may well be a success of the neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallResult {
    /// The neighbour did its work. It may still have been slow.
    Success,
    /// The neighbour failed.
    Failure,
}

/// The call was not permitted. Nothing was sent, so trying elsewhere or later is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("circuit breaker admits no call; retry after {} ms", retry_after.as_millis())]
pub struct Rejected {
    /// When to come back. Exact while open: the first call strictly later than this is admitted. In half-open at most a
    /// second, for the probes' verdict is near; in forced-open `open_wait`, for only an operator knows.
    pub retry_after: Duration,
}

/// The right to make one call. Owned, so that it crosses awaits and tasks.
///
/// Dropped without a result (the call was cancelled), it is given back and the call counts as nothing.
#[derive(Debug)]
#[must_use = "a call that is not recorded teaches the breaker nothing"]
pub struct Permit {
    machine: Arc<Mutex<Machine>>,
    ticket: Ticket,
    acquired: Instant,
    settled: bool,
}

impl CircuitBreaker {
    /// A closed breaker that has seen nothing.
    ///
    /// # Panics
    /// If the configuration is invalid; a service finds that out with [`BreakerConfig::validate`] when it starts.
    pub fn new(config: BreakerConfig) -> Self {
        config
            .validate()
            .expect("a breaker's configuration is validated when it is read");
        Self {
            machine: Arc::new(Mutex::new(Machine::new(config))),
        }
    }

    /// Asks for one call at `now`, which is also the beginning of its duration.
    ///
    /// # Errors
    /// [`Rejected`] while open, forced open, or half-open with every probe taken.
    pub fn try_acquire(&self, now: Instant) -> Result<Permit, Rejected> {
        let ticket = lock(&self.machine).try_acquire(now)?;
        Ok(Permit {
            machine: Arc::clone(&self.machine),
            ticket,
            acquired: now,
            settled: false,
        })
    }

    /// Whether [`CircuitBreaker::try_acquire`] would admit a call at `now`. Takes nothing and changes nothing, so a
    /// balancer can choose among neighbours. Asking for the state instead would never let an open breaker be probed:
    /// it stays open after its wait until a call comes.
    pub fn would_admit(&self, now: Instant) -> bool {
        lock(&self.machine).would_admit(now)
    }

    /// The state at `now`. An open breaker whose wait is over stays open until a call comes to probe.
    pub fn state(&self, now: Instant) -> State {
        lock(&self.machine).state(now)
    }

    /// State, window, rates and totals at `now`, taken under one lock.
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        lock(&self.machine).snapshot(now)
    }

    /// The transitions after number `sequence` (0: all) that are still remembered, oldest first.
    /// Reading takes nothing away; each reader keeps the last number it saw.
    pub fn transitions_after(&self, sequence: u64) -> Vec<Transition> {
        lock(&self.machine).transitions_after(sequence)
    }

    /// Rejects every call until [`CircuitBreaker::reset`].
    pub fn force_open(&self, now: Instant) {
        lock(&self.machine).force_open(now);
    }

    /// Admits every call and counts none, until [`CircuitBreaker::reset`].
    pub fn disable(&self, now: Instant) {
        lock(&self.machine).disable(now);
    }

    /// Admits every call and counts it, but never opens, until [`CircuitBreaker::reset`].
    pub fn metrics_only(&self, now: Instant) {
        lock(&self.machine).metrics_only(now);
    }

    /// Closes the breaker with an empty window and the shortest open wait, whatever its state. Totals are kept.
    pub fn reset(&self, now: Instant) {
        lock(&self.machine).reset(now);
    }
}

impl Permit {
    /// Reports the call's result at `now`; its duration is counted from the `now` it was acquired with.
    pub fn record(mut self, now: Instant, result: CallResult) {
        self.settled = true;
        let duration = now.saturating_duration_since(self.acquired);
        lock(&self.machine).record(now, self.ticket, duration, result);
    }

    /// Gives the permit back: the call says nothing about the neighbour's health (a caller's mistake, for example).
    /// Its duration is counted all the same, up to `now`.
    pub fn ignore(mut self, now: Instant) {
        self.settled = true;
        let duration = now.saturating_duration_since(self.acquired);
        lock(&self.machine).ignore(now, self.ticket, duration);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.settled {
            lock(&self.machine).release(self.ticket);
        }
    }
}

/// The machine leaves no change half done that could panic, so a lock poisoned by a caller's panic is still good.
fn lock(machine: &Mutex<Machine>) -> MutexGuard<'_, Machine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}
