//! How long to wait before a crashed process is started again. Pure: the caller brings the time.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);
/// A process that was ready this long has recovered: its next crash starts from the beginning.
const HEALED_AFTER: Duration = Duration::from_secs(30);

/// Doubles from 200 ms to 5 s. No jitter: the processes of one lab do not crash in step, and a
/// person who watches wants to see the same wait twice.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    crashes_in_a_row: u32,
}

impl Backoff {
    /// The wait after a crash that followed `healthy_for` of readiness.
    pub(crate) fn after_crash(&mut self, healthy_for: Duration) -> Duration {
        if healthy_for >= HEALED_AFTER {
            self.crashes_in_a_row = 0;
        }
        let doublings = self.crashes_in_a_row.min(16);
        self.crashes_in_a_row += 1;
        LONGEST.min(FIRST * 2u32.pow(doublings))
    }

    /// Forgets the past: somebody restarted the process by hand.
    pub(crate) fn reset(&mut self) {
        self.crashes_in_a_row = 0;
    }

    pub(crate) fn crashes_in_a_row(&self) -> u32 {
        self.crashes_in_a_row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_five_seconds() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..7)
            .map(|_| backoff.after_crash(Duration::ZERO).as_millis())
            .collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 5000, 5000]);
    }

    #[test]
    fn half_a_minute_of_health_starts_it_again() {
        let mut backoff = Backoff::default();
        backoff.after_crash(Duration::ZERO);
        backoff.after_crash(Duration::ZERO);
        assert_eq!(
            backoff.after_crash(Duration::from_secs(29)).as_millis(),
            800
        );
        assert_eq!(
            backoff.after_crash(Duration::from_secs(30)).as_millis(),
            200
        );
    }

    #[test]
    fn a_thousand_crashes_do_not_overflow() {
        let mut backoff = Backoff::default();
        for _ in 0..1_000 {
            backoff.after_crash(Duration::ZERO);
        }
        assert_eq!(backoff.after_crash(Duration::ZERO), LONGEST);
    }
}
