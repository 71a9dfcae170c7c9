//! The bulkhead: at most so many calls at once to one neighbour, so that a slow one cannot hold every task of ours.
//! Not a rate limit: it counts calls in flight, not calls a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds the calls in flight, the calls that wait for a place, and how long they wait. First come, first served.
/// Cloning gives another handle on the same places.
#[derive(Clone, Debug)]
pub struct Bulkhead {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    max_concurrent: usize,
    max_waiting: usize,
    max_wait: Duration,
}

/// A place in the bulkhead; dropping it gives the place to the next.
#[derive(Debug)]
#[must_use = "the place is given back when the permit is dropped"]
pub struct BulkheadPermit {
    _place: OwnedSemaphorePermit,
}

/// Why there was no place. The call has not begun, so trying elsewhere or later is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BulkheadFull {
    /// Every place is taken and so is every place in the queue.
    #[error("all places are taken and the queue is full")]
    Queue,
    /// No place became free within the longest allowed wait.
    #[error("no place became free in time")]
    Wait,
}

impl Bulkhead {
    /// A bulkhead for `max_concurrent` calls at once (0 admits none), with as many in the queue, each for at most
    /// `max_wait`; zero means "now or never".
    pub fn new(max_concurrent: usize, max_wait: Duration) -> Self {
        let max_concurrent = max_concurrent.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(max_concurrent)),
            waiting: Arc::new(AtomicUsize::new(0)),
            max_concurrent,
            max_waiting: max_concurrent,
            max_wait,
        }
    }

    /// The same bulkhead with room for `max_waiting` callers in the queue. A queue much longer than the places only
    /// turns an overload into timeouts.
    #[must_use]
    pub fn with_max_waiting(self, max_waiting: usize) -> Self {
        Self {
            max_waiting,
            ..self
        }
    }

    /// Takes a place, waiting for it if need be. Dropping the future gives up the place in the queue.
    ///
    /// # Errors
    /// [`BulkheadFull`] when the queue is full or the wait is over.
    pub async fn acquire(&self) -> Result<BulkheadPermit, BulkheadFull> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(BulkheadPermit { _place: place });
        }
        let _queued = self.queue()?;
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(self.max_wait, place).await {
            Ok(place) => Ok(BulkheadPermit {
                _place: place.expect("the semaphore is never closed"),
            }),
            Err(_elapsed) => Err(BulkheadFull::Wait),
        }
    }

    fn queue(&self) -> Result<Queued, BulkheadFull> {
        if self.max_wait.is_zero() {
            return Err(BulkheadFull::Queue);
        }
        // Relaxed: the number is the whole message, no other memory is published through it.
        self.waiting
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                (waiting < self.max_waiting).then_some(waiting + 1)
            })
            .map(|_| Queued(Arc::clone(&self.waiting)))
            .map_err(|_| BulkheadFull::Queue)
    }

    /// Calls that hold a place.
    pub fn in_flight(&self) -> usize {
        self.max_concurrent - self.places.available_permits()
    }

    /// Calls that wait for a place.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Places in all.
    pub fn max_concurrent(&self) -> usize {
        self.max_concurrent
    }
}

/// One caller in the queue, counted out when dropped: served, timed out or cancelled.
struct Queued(Arc<AtomicUsize>);

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
