//! Bounds and spread of the backoff.

use std::time::Duration;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use rand::SeedableRng;
use rand::rngs::StdRng;
use resilience::Backoff;

const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(50),
    cap: Duration::from_secs(1),
    max_attempts: 3,
};

#[test]
fn ceiling_doubles_from_the_base_up_to_the_cap() {
    let ceilings: Vec<u128> = (1..=7)
        .map(|attempt| BACKOFF.ceiling(attempt).as_millis())
        .collect();

    assert_eq!(ceilings, [50, 100, 200, 400, 800, 1000, 1000]);
    assert_eq!(BACKOFF.ceiling(0), BACKOFF.ceiling(1));
    assert_eq!(BACKOFF.ceiling(u32::MAX), BACKOFF.cap);
}

#[test]
fn attempts_include_the_first() {
    let allowed: Vec<bool> = (1..=4).map(|made| BACKOFF.allows_another(made)).collect();

    assert_eq!(allowed, [true, true, false, false]);
}

#[test]
fn jitter_uses_the_whole_interval_evenly() {
    let mut rng = StdRng::seed_from_u64(7);
    let mut quarters = [0_u32; 4];

    for _ in 0..4_000 {
        let share = BACKOFF.delay(3, &mut rng).as_nanos() * 4 / (BACKOFF.ceiling(3).as_nanos() + 1);
        quarters[usize::try_from(share).expect("a quarter's number")] += 1;
    }

    assert!(
        quarters.iter().all(|&hits| (850..=1_150).contains(&hits)),
        "{quarters:?}"
    );
}

#[test]
fn zero_base_or_cap_never_waits() {
    let mut rng = StdRng::seed_from_u64(7);
    let eager = Backoff {
        base: Duration::ZERO,
        ..BACKOFF
    };
    let capped = Backoff {
        cap: Duration::ZERO,
        ..BACKOFF
    };

    assert_eq!(eager.delay(40, &mut rng), Duration::ZERO);
    assert_eq!(capped.delay(40, &mut rng), Duration::ZERO);
}

proptest! {
    #[test]
    fn delay_stays_within_its_ceiling_for_any_numbers(
        base in any::<Duration>(),
        cap in any::<Duration>(),
        attempt in any::<u32>(),
        seed in any::<u64>(),
    ) {
        let backoff = Backoff { base, cap, max_attempts: 3 };

        let delay = backoff.delay(attempt, &mut StdRng::seed_from_u64(seed));

        prop_assert!(delay <= backoff.ceiling(attempt));
        prop_assert!(backoff.ceiling(attempt) <= cap);
        prop_assert!(backoff.ceiling(attempt) <= backoff.ceiling(attempt.saturating_add(1)));
    }

    #[test]
    fn ceiling_is_the_base_doubled_that_often(base_ms in 1_u64..1_000, attempt in 1_u32..20) {
        let cap = Duration::from_secs(1_000_000);
        let backoff = Backoff { base: Duration::from_millis(base_ms), cap, max_attempts: 3 };

        let doubled = (1..attempt).fold(backoff.base, |wait, _| wait * 2);

        prop_assert_eq!(backoff.ceiling(attempt), doubled.min(cap));
    }
}
