//! A ring of equal time buckets that turns as time passes: the sliding window of the breaker and of the retry budget.
//! It knows nothing of what the buckets count.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// `count` buckets, each `width` long. The last holds the present; the first bucket's span begins with the first use.
#[derive(Debug)]
pub(crate) struct BucketRing<T> {
    width: Duration,
    /// When the present bucket began; `None` until something is put in.
    head_began: Option<Instant>,
    buckets: VecDeque<T>,
}

impl<T: Default> BucketRing<T> {
    /// A ring has at least one bucket, and a bucket is at least a nanosecond wide.
    pub(crate) fn new(width: Duration, count: usize) -> Self {
        Self {
            width: width.max(Duration::from_nanos(1)),
            head_began: None,
            buckets: std::iter::repeat_with(T::default)
                .take(count.max(1))
                .collect(),
        }
    }

    /// Turns the ring until its last bucket holds `now`; every bucket that falls out is handed to `expired`.
    /// A `now` that lies before the present bucket changes nothing.
    pub(crate) fn turn(&mut self, now: Instant, mut expired: impl FnMut(T)) {
        let Some(began) = self.head_began else { return };
        let elapsed = now.saturating_duration_since(began);
        let (width, nanos) = (self.width.as_nanos(), elapsed.as_nanos());
        let steps = usize::try_from(nanos / width).unwrap_or(usize::MAX);
        for _ in 0..steps.min(self.buckets.len()) {
            self.buckets.push_back(T::default());
            expired(self.buckets.pop_front().unwrap_or_default());
        }
        let into_bucket = Duration::from_nanos_u128(nanos % width);
        self.head_began = Some(began + elapsed.saturating_sub(into_bucket));
    }

    /// Every bucket as of the last [`BucketRing::turn`], the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.buckets.iter()
    }

    /// The bucket that holds the present as of the last [`BucketRing::turn`]; the first use begins its span at `now`.
    pub(crate) fn present(&mut self, now: Instant) -> &mut T {
        self.head_began.get_or_insert(now);
        self.buckets
            .back_mut()
            .expect("a ring is made with at least one bucket and keeps their number")
    }
}
