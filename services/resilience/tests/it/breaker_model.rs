//! A model of the breaker that is too simple to be wrong: it keeps every call since the beginning and works everything
//! out anew each time it is asked. Slow and forgetful of nothing; only good to compare with (`breaker_history`).

use std::time::{Duration, Instant};

use resilience::CallResult::Failure;
use resilience::{BreakerConfig, CallResult, State, Totals, Window};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Record(CallResult),
    Ignore,
    Drop,
}

/// An admitted call: the era that admitted it, when, and how it ended.
pub(crate) struct Call {
    era: usize,
    admitted: Instant,
    end: Option<End>,
}

/// A result that was counted, in the order of arrival.
struct Recorded {
    era: usize,
    at: Instant,
    failed: bool,
    slow: bool,
}

/// One era is the time between two changes that empty the window; opening does not.
pub(crate) struct Model {
    config: BreakerConfig,
    pub(crate) now: Instant,
    pub(crate) state: State,
    entered: Instant,
    era: usize,
    era_is_half_open: bool,
    openings: i32,
    pub(crate) calls: Vec<Call>,
    recorded: Vec<Recorded>,
    pub(crate) totals: Totals,
    pub(crate) transitions: Vec<(State, State, Instant)>,
}

impl Model {
    pub(crate) fn new(config: BreakerConfig, now: Instant) -> Self {
        Self {
            config,
            now,
            state: State::Closed,
            entered: now,
            era: 0,
            era_is_half_open: false,
            openings: 0,
            calls: Vec::new(),
            recorded: Vec::new(),
            totals: Totals::default(),
            transitions: Vec::new(),
        }
    }

    fn enter(&mut self, state: State, at: Instant) {
        if state != self.state {
            self.transitions.push((self.state, state, at));
        }
        match state {
            State::Open => self.openings += 1,
            State::HalfOpen => self.era += 1,
            State::Closed | State::Disabled | State::ForcedOpen | State::MetricsOnly => {
                self.era += 1;
                self.openings = 0;
            }
        }
        if state != State::Open {
            self.era_is_half_open = state == State::HalfOpen;
        }
        (self.state, self.entered) = (state, at);
    }

    pub(crate) fn open_until(&self) -> Instant {
        let mut wait = self.config.open_wait;
        for _ in 1..self.openings {
            wait = wait
                .mul_f64(self.config.open_wait_multiplier)
                .min(self.config.open_wait_max);
        }
        self.entered + wait
    }

    pub(crate) fn wait(&mut self, span: Duration) {
        self.now += span;
        if let (State::HalfOpen, Some(max)) = (self.state, self.config.half_open_wait_max) {
            let end = self.entered + max;
            if self.now >= end {
                self.enter(State::Open, end);
            }
        }
    }

    pub(crate) fn permits_left(&self) -> usize {
        let returned = |call: &Call| matches!(call.end, Some(End::Ignore | End::Drop));
        let keeps = |call: &&Call| call.era == self.era && !returned(call);
        self.config.half_open_permits as usize - self.calls.iter().filter(keeps).count()
    }

    pub(crate) fn acquire(&mut self) -> bool {
        if self.state == State::Open && self.now > self.open_until() {
            self.enter(State::HalfOpen, self.now);
        }
        let admitted = match self.state {
            State::Closed | State::Disabled | State::MetricsOnly => true,
            State::HalfOpen => self.permits_left() > 0,
            State::Open | State::ForcedOpen => false,
        };
        if admitted {
            self.calls.push(Call {
                era: self.era,
                admitted: self.now,
                end: None,
            });
        } else {
            self.totals.not_permitted += 1;
        }
        admitted
    }

    /// The recorded calls of this era in the order of arrival, as (failed, slow), that the window still covers.
    pub(crate) fn window(&self) -> Vec<(bool, bool)> {
        let mut covered: Vec<&Recorded> = self
            .recorded
            .iter()
            .filter(|result| result.era == self.era)
            .collect();
        let first = covered.first().map_or(self.now, |result| result.at);
        let second = |at: Instant| (at - first).as_secs();
        match self.config.window {
            _ if self.era_is_half_open => {}
            Window::Count(size) => {
                let too_many = covered.len().saturating_sub(size as usize);
                covered.drain(..too_many);
            }
            Window::Time(span) => {
                covered.retain(|result| second(result.at) + span.as_secs() > second(self.now))
            }
        }
        covered
            .into_iter()
            .map(|result| (result.failed, result.slow))
            .collect()
    }

    fn minimum(&self) -> usize {
        let minimum = match self.config.window {
            _ if self.era_is_half_open => {
                self.config.minimum_calls.min(self.config.half_open_permits)
            }
            Window::Count(size) => self.config.minimum_calls.min(size),
            Window::Time(_) => self.config.minimum_calls,
        };
        minimum as usize
    }

    /// (failure rate, slow-call rate), unknown below the minimum.
    pub(crate) fn rates(&self) -> Option<(f64, f64)> {
        let window = self.window();
        let percent = |part: usize| part as f64 * 100.0 / window.len() as f64;
        let failed = window.iter().filter(|(failed, _)| *failed).count();
        let slow = window.iter().filter(|(_, slow)| *slow).count();
        (window.len() >= self.minimum()).then(|| (percent(failed), percent(slow)))
    }

    pub(crate) fn end(&mut self, call: usize, end: End) {
        self.calls[call].end = Some(end);
        match end {
            _ if self.state == State::Disabled => {}
            End::Drop => {}
            End::Ignore => self.totals.ignored += 1,
            End::Record(_) if self.calls[call].era != self.era => self.totals.late += 1,
            End::Record(result) => self.record(call, result),
        }
    }

    fn record(&mut self, call: usize, result: CallResult) {
        let failed = result == Failure;
        let slow = self.now - self.calls[call].admitted > self.config.slow_call_duration;
        self.recorded.push(Recorded {
            era: self.era,
            at: self.now,
            failed,
            slow,
        });
        *(if failed {
            &mut self.totals.failed
        } else {
            &mut self.totals.successful
        }) += 1;
        if !matches!(self.state, State::Closed | State::HalfOpen) {
            return;
        }
        if let Some((failed, slow)) = self.rates() {
            let too_high = failed >= f64::from(self.config.failure_rate_percent)
                || slow >= f64::from(self.config.slow_call_rate_percent);
            if too_high {
                self.enter(State::Open, self.now);
            } else if self.state == State::HalfOpen {
                self.enter(State::Closed, self.now);
            }
        }
    }

    pub(crate) fn order(&mut self, state: State) {
        if self.state != state || state == State::Closed {
            self.enter(state, self.now);
        }
    }
}
