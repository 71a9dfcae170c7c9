//! The bulkhead under concurrency; time is tokio's, paused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use resilience::{Bulkhead, BulkheadFull};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, timeout};

const SECOND: Duration = Duration::from_secs(1);

/// Lets the other tasks run until `condition` holds.
async fn until(condition: impl Fn() -> bool) {
    let held = async {
        while !condition() {
            yield_now().await;
        }
    };
    timeout(SECOND, held)
        .await
        .expect("the condition holds in time");
}

#[tokio::test(start_paused = true)]
async fn admits_as_many_as_there_are_places_and_counts_them() {
    let bulkhead = Bulkhead::new(2, Duration::ZERO);

    let first = bulkhead.acquire().await.unwrap();
    let _second = bulkhead.acquire().await.unwrap();

    assert_eq!(bulkhead.acquire().await.unwrap_err(), BulkheadFull::Queue);
    assert_eq!(
        (
            bulkhead.in_flight(),
            bulkhead.waiting(),
            bulkhead.max_concurrent()
        ),
        (2, 0, 2)
    );
    drop(first);
    assert_eq!(bulkhead.in_flight(), 1);
    assert!(bulkhead.acquire().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn waiter_gives_up_after_the_longest_wait() {
    let bulkhead = Bulkhead::new(1, SECOND);
    let _place = bulkhead.acquire().await.unwrap();
    let start = Instant::now();

    assert_eq!(bulkhead.acquire().await.unwrap_err(), BulkheadFull::Wait);

    assert_eq!(start.elapsed(), SECOND);
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn waiter_gets_the_place_that_is_given_back() {
    let bulkhead = Bulkhead::new(1, SECOND);
    let place = bulkhead.acquire().await.unwrap();
    let mut waiters = JoinSet::new();
    let waiter = bulkhead.clone();
    waiters.spawn(async move { waiter.acquire().await });
    until(|| bulkhead.waiting() == 1).await;

    drop(place);

    let served = waiters.join_next().await.unwrap().unwrap();
    assert!(served.is_ok());
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn queue_is_bounded_and_refuses_at_once() {
    let bulkhead = Bulkhead::new(1, SECOND).with_max_waiting(1);
    let _place = bulkhead.acquire().await.unwrap();
    let mut waiters = JoinSet::new();
    let waiter = bulkhead.clone();
    waiters.spawn(async move { waiter.acquire().await });
    until(|| bulkhead.waiting() == 1).await;
    let start = Instant::now();

    assert_eq!(bulkhead.acquire().await.unwrap_err(), BulkheadFull::Queue);

    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn cancelled_waiter_leaves_the_queue() {
    let bulkhead = Bulkhead::new(1, SECOND);
    let place = bulkhead.acquire().await.unwrap();

    let cancelled = timeout(SECOND / 2, bulkhead.acquire()).await;

    assert!(cancelled.is_err());
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (1, 0));
    drop(place);
    assert_eq!(bulkhead.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn bulkhead_without_places_admits_nobody() {
    let bulkhead = Bulkhead::new(0, SECOND);

    assert_eq!(bulkhead.acquire().await.unwrap_err(), BulkheadFull::Queue);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn never_more_at_once_than_places_and_nobody_is_lost() {
    const PLACES: usize = 3;
    const CALLERS: usize = 300;
    let bulkhead = Bulkhead::new(PLACES, 60 * SECOND).with_max_waiting(CALLERS);
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut callers = JoinSet::new();

    for _ in 0..CALLERS {
        let (bulkhead, inside, most) = (bulkhead.clone(), Arc::clone(&inside), Arc::clone(&most));
        callers.spawn(async move {
            let _place = bulkhead.acquire().await.unwrap();
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            yield_now().await;
            inside.fetch_sub(1, Ordering::SeqCst);
        });
    }

    assert_eq!(callers.join_all().await.len(), CALLERS);
    assert!((1..=PLACES).contains(&most.load(Ordering::SeqCst)));
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (0, 0));
}
