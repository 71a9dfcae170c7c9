//! The retry budget: what share of the traffic may be retries. Not a backoff, and not a rate limit on first attempts.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ring::BucketRing;

const SLOTS: u32 = 10;

/// Lets retries be at most a share of the first attempts, plus a small floor for clients with little traffic.
///
/// Three tries at each of three layers multiply an outage's load by 27; with a budget of 20 % it stays near `1.2³`.
/// Same rule as Finagle's `RetryBudget` and tower's `TpsBudget` (their default: 20 %, 10 a second, 10 s): over the
/// sliding window, `retries ≤ min_per_second · window + ratio_percent · first attempts / 100`.
/// The window moves in tenths, so what was counted is forgotten between nine tenths and one whole window later.
#[derive(Debug)]
pub struct RetryBudget {
    ratio_percent: u64,
    /// Retries in a window that need no first attempts.
    reserve: u64,
    ledger: Mutex<Ledger>,
}

#[derive(Debug)]
struct Ledger {
    slots: BucketRing<Slot>,
    sum: Slot,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    deposits: u64,
    withdrawals: u64,
}

impl RetryBudget {
    /// `ratio_percent`: retries per hundred first attempts. `min_per_second`: retries a second that are always allowed,
    /// granted as one reserve for the whole `window`, rounded down. Ten seconds is a good window: shorter forgets a
    /// burst while it still hurts, longer punishes a client for an outage that is over.
    pub fn new(ratio_percent: u32, min_per_second: u32, window: Duration) -> Self {
        let reserve = u128::from(min_per_second).saturating_mul(window.as_millis()) / 1000;
        Self {
            ratio_percent: u64::from(ratio_percent),
            reserve: u64::try_from(reserve).unwrap_or(u64::MAX),
            ledger: Mutex::new(Ledger {
                slots: BucketRing::new(window / SLOTS, SLOTS as usize),
                sum: Slot::default(),
            }),
        }
    }

    /// Counts a first attempt. Call it once for each request, whatever comes of it; never for a retry.
    pub fn deposit(&self, now: Instant) {
        let mut ledger = self.turned(now);
        ledger.slots.present(now).deposits += 1;
        ledger.sum.deposits += 1;
    }

    /// Takes one retry out of the budget; `false` leaves it unchanged and means "do not retry".
    pub fn try_withdraw(&self, now: Instant) -> bool {
        let mut ledger = self.turned(now);
        let granted = self.left(ledger.sum) > 0;
        if granted {
            ledger.slots.present(now).withdrawals += 1;
            ledger.sum.withdrawals += 1;
        }
        granted
    }

    /// Retries that could be taken at `now`, for a gauge.
    pub fn balance(&self, now: Instant) -> u64 {
        self.left(self.turned(now).sum)
    }

    fn left(&self, sum: Slot) -> u64 {
        let earned = sum.deposits.saturating_mul(self.ratio_percent) / 100;
        self.reserve
            .saturating_add(earned)
            .saturating_sub(sum.withdrawals)
    }

    /// The ledger without what is older than the window.
    fn turned(&self, now: Instant) -> MutexGuard<'_, Ledger> {
        // Nothing here panics halfway through a change, so a poisoned ledger is still a correct one.
        let mut guard = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let Ledger { slots, sum } = &mut *guard;
        slots.turn(now, |old| {
            sum.deposits -= old.deposits;
            sum.withdrawals -= old.withdrawals;
        });
        guard
    }
}
