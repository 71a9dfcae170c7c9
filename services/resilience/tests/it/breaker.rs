//! What opens a closed breaker, one rule at a time, on an explicit clock. Also the helpers of the other breaker tests.

use std::time::{Duration, Instant};

use resilience::CallResult::{Failure, Success};
use resilience::{BreakerConfig, CallResult, Cause, CircuitBreaker, State, Window};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const TICK: Duration = Duration::from_nanos(1);

/// Four calls make a verdict, two failures open it for 5 s, two probes close it again.
pub(crate) fn config() -> BreakerConfig {
    BreakerConfig {
        window: Window::Count(4),
        minimum_calls: 4,
        half_open_permits: 2,
        half_open_wait_max: Some(30 * SECOND),
        ..BreakerConfig::default()
    }
}

/// One call that is admitted at `now` and takes `took`.
pub(crate) fn call_taking(
    breaker: &CircuitBreaker,
    now: Instant,
    took: Duration,
    result: CallResult,
) {
    breaker
        .try_acquire(now)
        .expect("the breaker admits the call")
        .record(now + took, result);
}

pub(crate) fn call(breaker: &CircuitBreaker, now: Instant, result: CallResult) {
    call_taking(breaker, now, Duration::ZERO, result);
}

/// A breaker that as many failures as make a verdict have opened at `now`.
pub(crate) fn opened(config: BreakerConfig, now: Instant) -> CircuitBreaker {
    let calls = config.minimum_calls;
    let breaker = CircuitBreaker::new(config);
    (0..calls).for_each(|_| call(&breaker, now, Failure));
    assert_eq!(breaker.state(now), State::Open);
    breaker
}

pub(crate) fn history(breaker: &CircuitBreaker) -> Vec<(State, State, Cause)> {
    breaker
        .transitions_after(0)
        .iter()
        .map(|t| (t.from, t.to, t.cause))
        .collect()
}

const FAST_FAILURE: (CallResult, Duration) = (Failure, Duration::ZERO);
const FAST_SUCCESS: (CallResult, Duration) = (Success, Duration::ZERO);
const SLOW_FAILURE: (CallResult, Duration) = (Failure, Duration::from_secs(2));
const SLOW_SUCCESS: (CallResult, Duration) = (Success, Duration::from_secs(2));
const JUST_IN_TIME: (CallResult, Duration) = (Success, SECOND);

#[test]
fn verdict_of_the_closed_breaker_follows_the_rates() {
    struct Case(&'static str, [(CallResult, Duration); 4], Option<Cause>);
    let cases = [
        Case(
            "half failed, at the threshold",
            [FAST_FAILURE, FAST_SUCCESS, FAST_FAILURE, FAST_SUCCESS],
            Some(Cause::FailureRate),
        ),
        Case(
            "a quarter failed",
            [FAST_FAILURE, FAST_SUCCESS, FAST_SUCCESS, FAST_SUCCESS],
            None,
        ),
        Case(
            "all slow though successful",
            [SLOW_SUCCESS; 4],
            Some(Cause::SlowCallRate),
        ),
        Case("exactly the limit is not slow", [JUST_IN_TIME; 4], None),
        Case(
            "three of four slow",
            [SLOW_SUCCESS, SLOW_SUCCESS, SLOW_SUCCESS, FAST_SUCCESS],
            None,
        ),
        Case(
            "failed and slow is named as failed",
            [SLOW_FAILURE; 4],
            Some(Cause::FailureRate),
        ),
    ];

    for Case(name, calls, opens) in cases {
        let now = Instant::now();
        let breaker = CircuitBreaker::new(config());
        for (result, took) in calls {
            call_taking(&breaker, now, took, result);
        }
        let cause = breaker
            .transitions_after(0)
            .first()
            .map(|transition| transition.cause);
        assert_eq!(cause, opens, "{name}");
    }
}

#[test]
fn no_failure_below_the_minimum_of_calls_opens() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(config());

    (0..3).for_each(|_| call(&breaker, now, Failure));

    assert_eq!(breaker.state(now), State::Closed);
    assert_eq!(breaker.snapshot(now).failure_rate_percent, None);
    call(&breaker, now, Failure);
    assert_eq!(breaker.state(now), State::Open);
}

#[test]
fn count_window_forgets_the_oldest_call() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(config());

    for result in [
        Failure, Success, Success, Success, Failure, Success, Success, Success,
    ] {
        call(&breaker, now, result);
    }

    assert_eq!(breaker.state(now), State::Closed);
    assert_eq!(breaker.snapshot(now).failure_rate_percent, Some(25.0));
}

#[test]
fn minimum_above_a_count_window_is_the_window() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(BreakerConfig {
        minimum_calls: 100,
        ..config()
    });

    for _ in 0..4 {
        call(&breaker, now, Failure);
    }

    assert_eq!(breaker.state(now), State::Open);
}

#[test]
fn time_window_forgets_calls_older_than_its_seconds() {
    let start = Instant::now();
    let window = Window::Time(3 * SECOND);
    let breaker = CircuitBreaker::new(BreakerConfig { window, ..config() });

    for _ in 0..3 {
        call(&breaker, start, Failure);
    }
    assert_eq!(breaker.snapshot(start + 3 * SECOND - TICK).counts.failed, 3);
    for _ in 0..3 {
        call(&breaker, start + 3 * SECOND, Failure);
    }

    assert_eq!(breaker.snapshot(start + 3 * SECOND).counts.calls, 3);
    assert_eq!(
        breaker.state(start + 3 * SECOND),
        State::Closed,
        "six failures, but never four within the window"
    );
    call(&breaker, start + 5 * SECOND, Failure);
    assert_eq!(breaker.state(start + 5 * SECOND), State::Open);
}
