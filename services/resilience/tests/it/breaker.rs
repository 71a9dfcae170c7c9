//! Every transition of the breaker, one at a time, on an explicit clock.

use std::time::{Duration, Instant};

use resilience::CallResult::{Failure, Success};
use resilience::{BreakerConfig, CallResult, Cause, CircuitBreaker, Rejected, State, Window};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_nanos(1);

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
fn call_taking(breaker: &CircuitBreaker, now: Instant, took: Duration, result: CallResult) {
    breaker
        .try_acquire(now)
        .expect("the breaker admits the call")
        .record(now + took, result);
}

pub(crate) fn call(breaker: &CircuitBreaker, now: Instant, result: CallResult) {
    call_taking(breaker, now, Duration::ZERO, result);
}

pub(crate) fn opened(config: BreakerConfig, now: Instant) -> CircuitBreaker {
    let breaker = CircuitBreaker::new(config);
    while breaker.state(now) == State::Closed {
        call(&breaker, now, Failure);
    }
    breaker
}

fn history(breaker: &CircuitBreaker) -> Vec<(State, State, Cause)> {
    breaker
        .transitions_after(0)
        .iter()
        .map(|t| (t.from, t.to, t.cause))
        .collect()
}

#[test]
fn verdict_of_the_closed_breaker_follows_the_rates() {
    let slow = Some(2 * SECOND);
    let cases: [(&str, &[(CallResult, Option<Duration>)], Option<Cause>); 7] = [
        (
            "three failures are below the minimum",
            &[(Failure, None); 3],
            None,
        ),
        (
            "half failed, at the threshold",
            &[
                (Failure, None),
                (Success, None),
                (Failure, None),
                (Success, None),
            ],
            Some(Cause::FailureRate),
        ),
        (
            "a quarter failed",
            &[
                (Failure, None),
                (Success, None),
                (Success, None),
                (Success, None),
            ],
            None,
        ),
        (
            "all slow though successful",
            &[(Success, slow); 4],
            Some(Cause::SlowCallRate),
        ),
        (
            "exactly the limit is not slow",
            &[(Success, Some(SECOND)); 4],
            None,
        ),
        (
            "three of four slow",
            &[
                (Success, slow),
                (Success, slow),
                (Success, slow),
                (Success, None),
            ],
            None,
        ),
        (
            "failed and slow is named as failed",
            &[(Failure, slow); 4],
            Some(Cause::FailureRate),
        ),
    ];

    for (name, calls, opens) in cases {
        let now = Instant::now();
        let breaker = CircuitBreaker::new(config());
        for &(result, took) in calls {
            call_taking(&breaker, now, took.unwrap_or_default(), result);
        }
        let cause = breaker
            .transitions_after(0)
            .first()
            .map(|transition| transition.cause);
        assert_eq!(cause, opens, "{name}");
    }
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

#[test]
fn open_breaker_rejects_through_its_wait_and_admits_a_probe_after_it() {
    let now = Instant::now();
    let breaker = opened(config(), now);

    assert_eq!(
        breaker.try_acquire(now).unwrap_err(),
        Rejected {
            retry_after: 5 * SECOND
        }
    );
    assert_eq!(
        breaker.try_acquire(now + 5 * SECOND).unwrap_err(),
        Rejected {
            retry_after: Duration::ZERO
        }
    );
    assert_eq!(
        breaker.state(now + 6 * SECOND),
        State::Open,
        "no call has come to probe"
    );
    assert!(breaker.try_acquire(now + 5 * SECOND + TICK).is_ok());

    assert_eq!(breaker.state(now + 5 * SECOND + TICK), State::HalfOpen);
    assert_eq!(breaker.snapshot(now + 6 * SECOND).totals.not_permitted, 2);
}

#[test]
fn call_admitted_while_closed_counts_in_the_window_that_opened() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(config());
    let on_its_way = breaker.try_acquire(now).unwrap();
    for _ in 0..4 {
        call(&breaker, now, Failure);
    }

    on_its_way.record(now + SECOND, Success);

    let snapshot = breaker.snapshot(now + SECOND);
    assert_eq!(
        (snapshot.state, snapshot.failure_rate_percent),
        (State::Open, Some(75.0))
    );
    assert_eq!(
        snapshot.open_until,
        Some(now + 5 * SECOND),
        "a result does not lengthen the wait"
    );
}

#[test]
fn good_probes_close_with_an_empty_window() {
    let now = Instant::now();
    let breaker = opened(config(), now);
    let later = now + 6 * SECOND;

    call(&breaker, later, Success);
    assert_eq!(breaker.state(later), State::HalfOpen);
    call(&breaker, later, Success);

    assert_eq!(
        history(&breaker),
        [
            (State::Closed, State::Open, Cause::FailureRate),
            (State::Open, State::HalfOpen, Cause::WaitElapsed),
            (State::HalfOpen, State::Closed, Cause::ProbesPassed),
        ]
    );
    assert_eq!(breaker.snapshot(later).counts.calls, 0);
}

#[test]
fn verdict_of_the_probes_comes_at_the_minimum_before_all_are_used() {
    let now = Instant::now();
    let breaker = opened(
        BreakerConfig {
            minimum_calls: 2,
            half_open_permits: 10,
            ..config()
        },
        now,
    );
    let later = now + 6 * SECOND;

    call(&breaker, later, Success);
    call(&breaker, later, Success);

    assert_eq!(breaker.state(later), State::Closed);
}

#[test]
fn slow_probes_open_again() {
    let now = Instant::now();
    let breaker = opened(config(), now);

    call_taking(&breaker, now + 6 * SECOND, 2 * SECOND, Success);
    call_taking(&breaker, now + 8 * SECOND, 2 * SECOND, Success);

    assert_eq!(
        history(&breaker)[2],
        (State::HalfOpen, State::Open, Cause::SlowCallRate)
    );
}

#[test]
fn open_wait_grows_with_each_failed_recovery_up_to_its_cap_and_starts_over_after_a_success() {
    let mut now = Instant::now();
    let breaker = opened(
        BreakerConfig {
            open_wait_max: 15 * SECOND,
            ..config()
        },
        now,
    );
    let mut waits = Vec::new();

    for results in [[Failure; 2], [Failure; 2], [Failure; 2], [Success; 2]] {
        let until = breaker
            .snapshot(now)
            .open_until
            .expect("the breaker is open");
        waits.push((until - now).as_secs());
        now = until + TICK;
        results
            .into_iter()
            .for_each(|result| call(&breaker, now, result));
    }
    assert_eq!(waits, [5, 10, 15, 15]);

    assert_eq!(breaker.state(now), State::Closed);
    (0..4).for_each(|_| call(&breaker, now, Failure));
    assert_eq!(breaker.snapshot(now).open_until, Some(now + 5 * SECOND));
}

#[test]
fn half_open_without_a_verdict_opens_again_at_the_end_of_its_time() {
    let now = Instant::now();
    let breaker = opened(config(), now);
    let probed = now + 6 * SECOND;
    let _hung = (
        breaker.try_acquire(probed).unwrap(),
        breaker.try_acquire(probed).unwrap(),
    );

    assert_eq!(
        breaker.try_acquire(probed).unwrap_err(),
        Rejected {
            retry_after: SECOND
        }
    );
    assert_eq!(breaker.state(probed + 30 * SECOND - TICK), State::HalfOpen);
    assert_eq!(
        breaker
            .try_acquire(probed + 30 * SECOND - TICK)
            .unwrap_err(),
        Rejected { retry_after: TICK }
    );
    assert_eq!(breaker.state(probed + 33 * SECOND), State::Open);

    let last = breaker
        .snapshot(probed + 33 * SECOND)
        .last_transition
        .unwrap();
    assert_eq!(
        (last.to, last.at, last.cause),
        (State::Open, probed + 30 * SECOND, Cause::HalfOpenTimedOut)
    );
    assert_eq!(
        breaker.snapshot(probed + 33 * SECOND).open_until,
        Some(probed + 40 * SECOND)
    );
}

#[test]
fn operator_states_admit_and_count_as_they_say() {
    let cases: [(State, fn(&CircuitBreaker, Instant), bool, u64); 3] = [
        (State::ForcedOpen, CircuitBreaker::force_open, false, 0),
        (State::Disabled, CircuitBreaker::disable, true, 0),
        (State::MetricsOnly, CircuitBreaker::metrics_only, true, 8),
    ];

    for (state, order, admits, counted) in cases {
        let now = Instant::now();
        let breaker = opened(config(), now);
        order(&breaker, now);
        order(&breaker, now);

        for _ in 0..8 {
            match breaker.try_acquire(now) {
                Ok(permit) => permit.record(now, Failure),
                Err(rejected) => assert_eq!(rejected.retry_after, 5 * SECOND),
            }
        }

        let snapshot = breaker.snapshot(now + 3600 * SECOND);
        assert_eq!(
            snapshot.state, state,
            "neither failures nor time leave an operator's state"
        );
        assert_eq!(breaker.try_acquire(now).is_ok(), admits, "{state}");
        assert_eq!(snapshot.totals.failed, 4 + counted, "{state}");
        assert_eq!(
            snapshot.transitions_into(state),
            1,
            "the second order changed nothing"
        );
        breaker.reset(now);
        assert_eq!(breaker.state(now), State::Closed);
        assert_eq!(breaker.snapshot(now).counts.calls, 0);
    }
}

#[test]
fn reset_of_a_closed_breaker_empties_the_window_without_a_transition() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(config());
    (0..3).for_each(|_| call(&breaker, now, Failure));

    breaker.reset(now);
    (0..3).for_each(|_| call(&breaker, now, Failure));

    assert_eq!(breaker.state(now), State::Closed);
    assert_eq!(history(&breaker), []);
    assert_eq!(
        breaker.snapshot(now).totals.failed,
        6,
        "totals are over the breaker's life"
    );
}

#[test]
fn readers_follow_transitions_by_sequence_and_the_log_is_bounded() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(config());

    for _ in 0..50 {
        breaker.force_open(now);
        breaker.reset(now);
    }

    let remembered = breaker.transitions_after(0);
    assert_eq!(remembered.len(), 64);
    assert!(
        remembered
            .iter()
            .map(|transition| transition.sequence)
            .eq(37..=100)
    );
    assert_eq!(breaker.transitions_after(99).len(), 1);
    assert_eq!(breaker.transitions_after(100), []);
    assert_eq!(breaker.snapshot(now).transitions_into(State::Closed), 50);
}

#[test]
fn clock_readings_out_of_order_do_not_turn_time_back() {
    let now = Instant::now();
    let breaker = opened(config(), now);
    let _probe = breaker.try_acquire(now + 6 * SECOND).unwrap();

    breaker.force_open(now);

    let last = breaker.snapshot(now).last_transition.unwrap();
    assert_eq!((last.to, last.at), (State::ForcedOpen, now + 6 * SECOND));
}

#[test]
fn names_of_states_and_causes_are_those_of_the_metrics() {
    let names: Vec<String> = State::ALL.iter().map(State::to_string).collect();

    assert_eq!(
        names,
        [
            "closed",
            "open",
            "half_open",
            "disabled",
            "forced_open",
            "metrics_only"
        ]
    );
    assert_eq!(Cause::HalfOpenTimedOut.as_str(), "half_open_timed_out");
}
