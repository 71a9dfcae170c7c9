//! Deadlines and their form on the wire.

use std::time::{Duration, Instant};

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use resilience::Deadline;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn time_left_shrinks_and_ends_exactly_at_the_deadline() {
    let now = Instant::now();
    let deadline = Deadline::after(now, 2 * SECOND);

    assert_eq!(deadline.remaining(now), Some(2 * SECOND));
    assert_eq!(deadline.remaining(now + SECOND), Some(SECOND));
    assert_eq!(deadline.remaining(now + 2 * SECOND), None);
    assert_eq!(deadline.remaining(now + 3 * SECOND), None);
    assert_eq!(deadline.instant(), now + 2 * SECOND);
}

#[test]
fn header_rounds_down_and_is_zero_once_expired() {
    let now = Instant::now();
    let deadline = Deadline::after(now, Duration::from_micros(1_999));

    assert_eq!(Deadline::HEADER, "x-deadline-ms");
    assert_eq!(deadline.to_header_ms(now), 1);
    assert_eq!(deadline.to_header_ms(now + Duration::from_micros(1_500)), 0);
    assert_eq!(deadline.to_header_ms(now + SECOND), 0);
    assert_eq!(Deadline::from_header_ms(now, 0).remaining(now), None);
}

#[test]
fn earlier_of_two_deadlines_is_their_minimum() {
    let now = Instant::now();
    let (near, far) = (
        Deadline::after(now, SECOND),
        Deadline::after(now, 2 * SECOND),
    );

    assert_eq!(near.min(far), near);
    assert_eq!(far.min(near), near);
}

#[test]
fn absurd_header_is_cut_to_the_limit() {
    let now = Instant::now();

    let deadline = Deadline::from_header_ms(now, u64::MAX);

    assert_eq!(deadline.remaining(now), Some(Deadline::LIMIT));
}

proptest! {
    #[test]
    fn callee_never_gets_more_time_than_its_caller_has(budget_us in any::<u32>(), passed_us in any::<u32>()) {
        let start = Instant::now();
        let now = start + Duration::from_micros(passed_us.into());
        let caller = Deadline::after(start, Duration::from_micros(budget_us.into()));

        let callee = Deadline::from_header_ms(now, caller.to_header_ms(now));

        prop_assert!(callee.remaining(now).unwrap_or_default() <= caller.remaining(now).unwrap_or_default());
        prop_assert_eq!(callee.to_header_ms(now), caller.to_header_ms(now));
    }
}
