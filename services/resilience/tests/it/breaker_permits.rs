//! Permits: none leaks, none is counted where it does not belong, and no more probes are out than allowed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use resilience::CallResult::{Failure, Success};
use resilience::{CircuitBreaker, State};

use crate::breaker::{SECOND, call, config, opened};

#[test]
fn dropped_and_ignored_probes_give_their_permit_back() {
    let now = Instant::now();
    let breaker = opened(config(), now);
    let later = now + 6 * SECOND;

    for _ in 0..100 {
        drop(breaker.try_acquire(later).unwrap());
        breaker.try_acquire(later).unwrap().ignore(later);
    }

    let snapshot = breaker.snapshot(later);
    assert_eq!(
        (snapshot.state, snapshot.half_open_permits_left),
        (State::HalfOpen, Some(2))
    );
    assert_eq!((snapshot.counts.calls, snapshot.totals.ignored), (0, 100));
}

#[test]
fn asking_whether_a_call_would_be_admitted_takes_no_permit_and_changes_no_state() {
    let now = Instant::now();
    let breaker = opened(config(), now);
    let later = now + 6 * SECOND;

    assert!(!breaker.would_admit(now + 5 * SECOND));
    assert!((0..10).all(|_| breaker.would_admit(later)));
    assert_eq!(breaker.state(later), State::Open);
    let _probes = (
        breaker.try_acquire(later).unwrap(),
        breaker.try_acquire(later).unwrap(),
    );

    assert!(!breaker.would_admit(later));
    assert_eq!(breaker.snapshot(later).totals.not_permitted, 0);
}

#[test]
fn recorded_probe_keeps_its_permit() {
    let now = Instant::now();
    let breaker = opened(config(), now);
    let later = now + 6 * SECOND;

    call(&breaker, later, Success);

    assert_eq!(breaker.snapshot(later).half_open_permits_left, Some(1));
}

#[test]
fn dropped_call_of_a_closed_breaker_counts_as_nothing() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(config());

    (0..8).for_each(|_| drop(breaker.try_acquire(now).unwrap()));

    assert_eq!(breaker.snapshot(now).counts.calls, 0);
    assert_eq!(breaker.snapshot(now).totals, Default::default());
}

#[test]
fn call_from_before_the_outage_is_no_probe() {
    let now = Instant::now();
    let breaker = CircuitBreaker::new(config());
    let mut stale: Vec<_> = (0..4).map(|_| breaker.try_acquire(now).unwrap()).collect();
    (0..4).for_each(|_| call(&breaker, now, Failure));
    let later = now + 6 * SECOND;
    call(&breaker, later, Success);

    drop(stale.pop());
    stale.pop().unwrap().ignore(later);
    stale
        .into_iter()
        .for_each(|permit| permit.record(later, Failure));

    let snapshot = breaker.snapshot(later);
    assert_eq!(
        (snapshot.state, snapshot.counts.failed, snapshot.totals.late),
        (State::HalfOpen, 0, 2)
    );
    assert_eq!(
        snapshot.half_open_permits_left,
        Some(1),
        "it gives back only what it took"
    );
    call(&breaker, later, Success);
    assert_eq!(breaker.state(later), State::Closed);
}

#[test]
fn permit_outlives_its_breaker_and_crosses_threads() {
    let now = Instant::now();
    let permit = CircuitBreaker::new(config()).try_acquire(now).unwrap();

    std::thread::spawn(move || permit.record(now, Success))
        .join()
        .unwrap();
}

#[test]
fn threads_together_get_no_more_probes_than_allowed() {
    let now = Instant::now();
    let breaker = opened(config(), now);
    let later = now + 6 * SECOND;
    let (out, most, admitted) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );

    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    if let Ok(permit) = breaker.try_acquire(later) {
                        most.fetch_max(out.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        admitted.fetch_add(1, Ordering::SeqCst);
                        out.fetch_sub(1, Ordering::SeqCst);
                        drop(permit);
                    }
                }
            });
        }
    });

    let snapshot = breaker.snapshot(later);
    assert!((1..=2).contains(&most.into_inner()));
    assert_eq!(
        (snapshot.state, snapshot.half_open_permits_left),
        (State::HalfOpen, Some(2))
    );
    assert_eq!(
        snapshot.totals.not_permitted + admitted.into_inner() as u64,
        16_000
    );
}
