//! The breaker's rules as a plain state machine: no lock, no clock, no I/O.
//! Source: Resilience4j's `CircuitBreakerStateMachine`; the parent module names the two deliberate differences.

use std::time::{Duration, Instant};

use super::config::{BreakerConfig, Window};
use super::phase::Phase;
use super::report::{Cause, Snapshot, State, Totals, Transition, TransitionLog};
use super::times::{Stopwatch, Times};
use super::window::{Counts, SlidingWindow};
use super::{CallResult, Rejected};

/// When to come back while the probes are out: their verdict is a matter of one call's duration.
const PROBES_OUT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Names the window in which a call was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

#[derive(Debug)]
pub(super) struct Machine {
    config: BreakerConfig,
    phase: Phase,
    measured: Measured,
    /// Openings since the breaker was last closed; the open wait grows with it.
    openings: u32,
    /// The latest instant seen. Callers read their clock before they take the lock, so they may come out of order.
    latest: Option<Instant>,
    totals: Totals,
    clocks: Clocks,
    log: TransitionLog,
}

/// How long the calls in the totals took.
#[derive(Debug)]
struct Clocks {
    successful: Stopwatch,
    failed: Stopwatch,
    ignored: Stopwatch,
}

/// The present window, the ticket of the calls that count in it, and how many of them make a verdict.
#[derive(Debug)]
struct Measured {
    ticket: Ticket,
    window: SlidingWindow,
    minimum_calls: u64,
}

enum Verdict {
    TooFewCalls,
    Below,
    Exceeded(Cause),
}

impl Machine {
    pub(super) fn new(config: BreakerConfig) -> Self {
        Self {
            measured: Measured::new(Ticket(0), config.window, config.minimum_calls),
            config,
            phase: Phase::Closed,
            openings: 0,
            latest: None,
            totals: Totals::default(),
            clocks: Clocks {
                successful: Stopwatch::new(),
                failed: Stopwatch::new(),
                ignored: Stopwatch::new(),
            },
            log: TransitionLog::default(),
        }
    }

    pub(super) fn try_acquire(&mut self, now: Instant) -> Result<Ticket, Rejected> {
        let now = self.advance(now);
        if let Phase::Open { until } = self.phase
            && now > until
        {
            self.probe(now);
        }
        match &mut self.phase {
            Phase::Closed | Phase::Disabled | Phase::MetricsOnly => Ok(self.measured.ticket),
            Phase::HalfOpen { permits, .. } if *permits > 0 => {
                *permits -= 1;
                Ok(self.measured.ticket)
            }
            Phase::HalfOpen { .. } | Phase::Open { .. } | Phase::ForcedOpen => {
                self.totals.not_permitted += 1;
                Err(Rejected {
                    retry_after: self.retry_after(now),
                })
            }
        }
    }

    pub(super) fn would_admit(&mut self, now: Instant) -> bool {
        let now = self.advance(now);
        match self.phase {
            Phase::Closed | Phase::Disabled | Phase::MetricsOnly => true,
            Phase::Open { until } => now > until,
            Phase::HalfOpen { permits, .. } => permits > 0,
            Phase::ForcedOpen => false,
        }
    }

    pub(super) fn record(
        &mut self,
        now: Instant,
        ticket: Ticket,
        took: Duration,
        result: CallResult,
    ) {
        let now = self.advance(now);
        if matches!(self.phase, Phase::Disabled) {
            return;
        }
        if ticket != self.measured.ticket {
            self.totals.late += 1;
            return;
        }
        let failed = result == CallResult::Failure;
        self.totals.failed += u64::from(failed);
        self.totals.successful += u64::from(!failed);
        let clock = match result {
            CallResult::Success => &mut self.clocks.successful,
            CallResult::Failure => &mut self.clocks.failed,
        };
        clock.record(now, took);
        self.measured
            .window
            .record(now, failed, took > self.config.slow_call_duration);
        self.judge(now);
    }

    pub(super) fn ignore(&mut self, now: Instant, ticket: Ticket, took: Duration) {
        let now = self.advance(now);
        if !matches!(self.phase, Phase::Disabled) {
            self.totals.ignored += 1;
            self.clocks.ignored.record(now, took);
        }
        self.release(ticket);
    }

    /// Gives back what the call took; a ticket of another window took nothing from this one.
    pub(super) fn release(&mut self, ticket: Ticket) {
        if let Phase::HalfOpen { permits, .. } = &mut self.phase
            && ticket == self.measured.ticket
        {
            *permits += 1;
        }
    }

    pub(super) fn state(&mut self, now: Instant) -> State {
        self.advance(now);
        self.phase.state()
    }

    pub(super) fn snapshot(&mut self, now: Instant) -> Snapshot {
        let now = self.advance(now);
        let counts = self.measured.window.counts(now);
        let enough = counts.calls >= self.measured.minimum_calls;
        let rate = |part: u64| enough.then(|| part as f64 * 100.0 / counts.calls as f64);
        Snapshot {
            state: self.phase.state(),
            counts,
            failure_rate_percent: rate(counts.failed),
            slow_call_rate_percent: rate(counts.slow),
            open_until: self.phase.open_until(),
            half_open_permits_left: self.phase.permits_left(),
            totals: self.totals,
            times: Times {
                successful: self.clocks.successful.read(now),
                failed: self.clocks.failed.read(now),
                ignored: self.clocks.ignored.read(now),
            },
            last_transition: self.log.last(),
            transitions: self.log.counts,
        }
    }

    pub(super) fn transitions_after(&self, sequence: u64) -> Vec<Transition> {
        self.log.after(sequence)
    }

    pub(super) fn force_open(&mut self, now: Instant) {
        self.obey(now, Phase::ForcedOpen);
    }

    pub(super) fn disable(&mut self, now: Instant) {
        self.obey(now, Phase::Disabled);
    }

    pub(super) fn metrics_only(&mut self, now: Instant) {
        self.obey(now, Phase::MetricsOnly);
    }

    pub(super) fn reset(&mut self, now: Instant) {
        self.obey(now, Phase::Closed);
    }

    /// An operator's order. The state that is already there is kept as it is, except that a reset always starts afresh.
    fn obey(&mut self, now: Instant, phase: Phase) {
        let now = self.advance(now);
        if phase.state() == self.phase.state() && !matches!(phase, Phase::Closed) {
            return;
        }
        self.openings = 0;
        self.measure_afresh(self.config.window, self.config.minimum_calls);
        self.enter(phase, now, Cause::Operator);
    }

    /// Does what a timer would have done by `now`, and returns the instant to go on with: never one before the last.
    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.latest.map_or(now, |latest| latest.max(now));
        self.latest = Some(now);
        if let Phase::HalfOpen {
            ends: Some(ends), ..
        } = self.phase
            && now >= ends
        {
            self.open(ends, Cause::HalfOpenTimedOut);
        }
        now
    }

    /// Draws the consequence of the window's rates; only these two states know one.
    fn judge(&mut self, now: Instant) {
        let counts = self.measured.window.counts(now);
        match (self.phase, self.verdict(counts)) {
            (Phase::Closed | Phase::HalfOpen { .. }, Verdict::Exceeded(cause)) => {
                self.open(now, cause)
            }
            (Phase::HalfOpen { .. }, Verdict::Below) => self.close(now),
            _ => {}
        }
    }

    fn verdict(&self, counts: Counts) -> Verdict {
        // Whole numbers, so that 50 of 100 is 50 % and not a little less.
        let reaches = |part: u64, percent: u8| part * 100 >= u64::from(percent) * counts.calls;
        if counts.calls < self.measured.minimum_calls {
            Verdict::TooFewCalls
        } else if reaches(counts.failed, self.config.failure_rate_percent) {
            Verdict::Exceeded(Cause::FailureRate)
        } else if reaches(counts.slow, self.config.slow_call_rate_percent) {
            Verdict::Exceeded(Cause::SlowCallRate)
        } else {
            Verdict::Below
        }
    }

    /// Opens and keeps the window: calls still on their way are recorded in it, and a snapshot shows what tripped it.
    fn open(&mut self, at: Instant, cause: Cause) {
        self.openings = self.openings.saturating_add(1);
        let until = at + self.config.open_wait_after(self.openings);
        self.enter(Phase::Open { until }, at, cause);
    }

    fn probe(&mut self, now: Instant) {
        let permits = self.config.half_open_permits;
        self.measure_afresh(Window::Count(permits), self.config.minimum_calls);
        let ends = self.config.half_open_wait_max.map(|max| now + max);
        self.enter(Phase::HalfOpen { permits, ends }, now, Cause::WaitElapsed);
    }

    fn close(&mut self, now: Instant) {
        self.openings = 0;
        self.measure_afresh(self.config.window, self.config.minimum_calls);
        self.enter(Phase::Closed, now, Cause::ProbesPassed);
    }

    fn measure_afresh(&mut self, window: Window, minimum_calls: u32) {
        let Ticket(number) = self.measured.ticket;
        self.measured = Measured::new(Ticket(number + 1), window, minimum_calls);
    }

    fn enter(&mut self, phase: Phase, at: Instant, cause: Cause) {
        let (from, to) = (self.phase.state(), phase.state());
        self.phase = phase;
        if from != to {
            self.log.push(from, to, at, cause);
        }
    }

    fn retry_after(&self, now: Instant) -> Duration {
        match self.phase {
            Phase::Open { until } => until.saturating_duration_since(now),
            Phase::HalfOpen {
                ends: Some(ends), ..
            } => ends
                .saturating_duration_since(now)
                .min(PROBES_OUT_RETRY_AFTER),
            Phase::HalfOpen { ends: None, .. } => PROBES_OUT_RETRY_AFTER,
            Phase::ForcedOpen => self.config.open_wait,
            Phase::Closed | Phase::Disabled | Phase::MetricsOnly => Duration::ZERO,
        }
    }
}

impl Measured {
    /// A count window that is smaller than the minimum is judged when full; a time window waits for the minimum.
    fn new(ticket: Ticket, window: Window, minimum_calls: u32) -> Self {
        let minimum_calls = match window {
            Window::Count(size) => minimum_calls.min(size),
            Window::Time(_) => minimum_calls,
        };
        Self {
            ticket,
            window: SlidingWindow::new(window),
            minimum_calls: minimum_calls.into(),
        }
    }
}
