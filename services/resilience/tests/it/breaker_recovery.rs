//! From open through half-open to closed, or open again: one rule at a time, on an explicit clock.

use std::time::{Duration, Instant};

use resilience::CallResult::{Failure, Success};
use resilience::{BreakerConfig, Cause, CircuitBreaker, Rejected, State};

use crate::breaker::{SECOND, TICK, call, call_taking, config, history, opened};

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
    assert_eq!(breaker.state(probed + 30 * SECOND), State::Open);

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
