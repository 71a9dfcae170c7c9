//! The operator's states, and what a breaker reports: totals, transitions, names.

use std::time::Instant;

use resilience::CallResult::Failure;
use resilience::{Cause, CircuitBreaker, State};

use crate::breaker::{SECOND, call, config, history, opened};

#[test]
fn operator_states_admit_and_count_as_they_say() {
    type Order = fn(&CircuitBreaker, Instant);
    let cases: [(State, Order, bool, u64); 3] = [
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
