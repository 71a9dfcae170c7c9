//! How long calls took: summed for ever, the longest remembered for two minutes.

use std::time::{Duration, Instant};

use resilience::CallResult::{Failure, Success};
use resilience::{CallTimes, CircuitBreaker};

use crate::breaker::{SECOND, config};

#[test]
fn durations_are_summed_by_how_the_call_ended() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(config());
    let begin = || breaker.try_acquire(now).unwrap();
    let millis = Duration::from_millis;
    begin().record(now + millis(30), Success);
    begin().record(now + millis(10), Success);
    begin().record(now + millis(7), Failure);
    begin().ignore(now + millis(3));
    drop(begin());

    let times = breaker.snapshot(now + SECOND).times;
    let expected = |total, longest| CallTimes {
        total: millis(total),
        longest_recent: millis(longest),
    };
    assert_eq!(times.successful, expected(40, 30));
    assert_eq!(times.failed, expected(7, 7));
    assert_eq!(times.ignored, expected(3, 3));
}

#[test]
fn the_longest_call_is_forgotten_after_two_minutes_and_the_sum_never() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(config());
    breaker
        .try_acquire(now)
        .unwrap()
        .record(now + SECOND, Success);

    let soon = breaker.snapshot(now + 80 * SECOND).times.successful;
    let late = breaker.snapshot(now + 122 * SECOND).times.successful;
    assert_eq!(soon.longest_recent, SECOND);
    assert_eq!(late.longest_recent, Duration::ZERO);
    assert_eq!(late.total, SECOND);
}
