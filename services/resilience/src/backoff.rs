//! How long to wait before the next try. Not whether to try: that is the retry budget's and the deadline's decision.

use std::time::Duration;

use rand::Rng;

/// Exponential backoff with full jitter: a wait drawn evenly from zero to `base · 2^(attempt − 1)`, never above `cap`.
///
/// Full jitter spreads the retries of clients that failed together over the whole interval; with equal or no jitter
/// they return together and knock the recovering server over again
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Upper bound of the wait after the first failed attempt.
    pub base: Duration,
    /// Upper bound of every wait.
    pub cap: Duration,
    /// Attempts in all, the first included; 0 and 1 both mean "no retry".
    pub max_attempts: u32,
}

impl Backoff {
    /// Whether one more attempt may follow after `attempts` have been made.
    pub fn allows_another(&self, attempts: u32) -> bool {
        attempts < self.max_attempts
    }

    /// The wait after attempt number `attempt` (from 1; 0 is read as 1) has failed.
    pub fn delay(&self, attempt: u32, rng: &mut impl Rng) -> Duration {
        let ceiling = u64::try_from(self.ceiling(attempt).as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(rng.random_range(0..=ceiling))
    }

    /// The longest wait that [`Backoff::delay`] can draw after attempt number `attempt`.
    pub fn ceiling(&self, attempt: u32) -> Duration {
        // 2^64 times even a nanosecond is five centuries, so a larger exponent could not change the minimum below.
        let doublings = attempt.saturating_sub(1).min(64);
        let nanos = self.base.as_nanos().saturating_mul(1 << doublings);
        self.cap.min(Duration::from_nanos(
            u64::try_from(nanos).unwrap_or(u64::MAX),
        ))
    }
}
