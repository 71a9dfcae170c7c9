//! The retry budget never grants more than its share, and never less than its floor.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use resilience::RetryBudget;

const WINDOW: Duration = Duration::from_secs(10);
const SLOT: Duration = Duration::from_secs(1);

/// Withdraws until refused.
fn drain(budget: &RetryBudget, now: Instant) -> usize {
    std::iter::repeat_with(|| budget.try_withdraw(now))
        .take(10_000)
        .take_while(|granted| *granted)
        .count()
}

#[test]
fn reserve_is_granted_without_traffic_and_no_more() {
    let now = Instant::now();
    let budget = RetryBudget::new(20, 1, WINDOW);

    assert_eq!(budget.balance(now), 10);
    assert_eq!(drain(&budget, now), 10);
    assert_eq!(budget.balance(now), 0);
}

#[test]
fn retries_are_a_share_of_first_attempts() {
    let now = Instant::now();
    let budget = RetryBudget::new(20, 0, WINDOW);

    for _ in 0..14 {
        budget.deposit(now);
    }

    assert_eq!(drain(&budget, now), 2, "20 % of 14, rounded down");
    budget.deposit(now);
    assert_eq!(
        drain(&budget, now),
        1,
        "20 % of 15, less the two already taken"
    );
}

#[test]
fn retries_that_were_refused_cost_nothing() {
    let now = Instant::now();
    let budget = RetryBudget::new(100, 0, WINDOW);

    assert_eq!(drain(&budget, now), 0);
    assert!(!budget.try_withdraw(now));
    budget.deposit(now);

    assert!(budget.try_withdraw(now));
}

#[test]
fn deposits_and_withdrawals_are_forgotten_after_the_window() {
    let start = Instant::now();
    let budget = RetryBudget::new(100, 1, WINDOW);
    for _ in 0..5 {
        budget.deposit(start);
    }

    assert_eq!(drain(&budget, start), 15);
    assert_eq!(budget.balance(start + 9 * SLOT), 0);
    assert_eq!(budget.balance(start + 10 * SLOT), 10);
}

#[test]
fn zero_budget_and_zero_window_allow_no_retry() {
    let now = Instant::now();
    let nothing = RetryBudget::new(0, 0, WINDOW);
    let no_window = RetryBudget::new(0, 10, Duration::ZERO);
    nothing.deposit(now);

    assert!(!nothing.try_withdraw(now));
    assert!(!no_window.try_withdraw(now));
}

proptest! {
    /// Within nine tenths of a window (what the ring certainly still holds) retries never exceed the floor plus their
    /// share of one window's first attempts; and a client that has been quiet for a window always finds the floor.
    #[test]
    fn retries_never_exceed_floor_and_share(
        ratio in 0_u32..300,
        per_second in 0_u32..4,
        steps in vec((any::<bool>(), 0_u64..1_500), 1..200),
    ) {
        let mut now = Instant::now();
        let budget = RetryBudget::new(ratio, per_second, WINDOW);
        let floor = u64::from(per_second) * WINDOW.as_secs();
        let (mut deposits, mut withdrawals) = (Vec::new(), Vec::new());
        let within = |times: &[Instant], span: Duration, now: Instant| {
            times.iter().filter(|&&at| now - at < span).count() as u64
        };

        for (retry, wait_ms) in steps {
            now += Duration::from_millis(wait_ms);
            if !retry {
                budget.deposit(now);
                deposits.push(now);
            } else if budget.try_withdraw(now) {
                withdrawals.push(now);
            }
            let share = within(&deposits, WINDOW, now) * u64::from(ratio) / 100;
            let taken = within(&withdrawals, WINDOW - SLOT, now);
            // What was granted earlier may rest on deposits that have expired since, but never on more than then.
            if withdrawals.last() == Some(&now) {
                prop_assert!(taken <= floor + share, "{taken} retries, floor {floor}, share {share}");
            }
        }
        prop_assert_eq!(drain(&budget, now + WINDOW) as u64, floor);
    }
}
