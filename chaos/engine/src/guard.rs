//! Stops a run whose blast is larger than declared. Pure: counts and times are handed in.

use std::collections::VecDeque;
use std::time::Duration;

use crate::experiment::Guard;

/// A share of a handful of requests says nothing.
const REQUESTS_MIN: u64 = 10;

/// Remembers what was counted lately.
#[derive(Debug)]
pub struct Watch {
    guard: Guard,
    /// Since when, requests, errors: all since the beginning.
    seen: VecDeque<(Duration, u64, u64)>,
}

impl Watch {
    /// From now on.
    #[must_use]
    pub fn new(guard: Guard) -> Self {
        Self {
            guard,
            seen: VecDeque::new(),
        }
    }

    /// So many requests and errors since the beginning, at a time since the beginning. Answers why to stop, if so.
    pub fn seen(&mut self, at: Duration, requests: u64, errors: u64) -> Option<String> {
        let over = Duration::try_from_secs_f64(self.guard.over_s).unwrap_or_default();
        self.seen.push_back((at, requests, errors));
        // The last look that lies a whole window back is kept.
        while self
            .seen
            .get(1)
            .is_some_and(|(then, ..)| at.saturating_sub(*then) >= over)
        {
            self.seen.pop_front();
        }
        let (then, requests_then, errors_then) = *self.seen.front()?;
        let asked = requests.saturating_sub(requests_then);
        if at.saturating_sub(then) < over || asked < REQUESTS_MIN {
            return None;
        }
        let share = 100.0 * errors.saturating_sub(errors_then) as f64 / asked as f64;
        let limit = self.guard.errors_percent_max;
        (share > limit).then(|| {
            format!(
                "{share:.0} % of the answers were wrong over {:.0} s; the guard allows {limit} %",
                self.guard.over_s
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        Watch::new(Guard {
            errors_percent_max: 50.0,
            over_s: 5.0,
        })
    }

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn a_blast_beyond_the_bound_over_the_whole_window_stops() {
        let mut watch = watch();
        // Ten requests a second; from the third second on all of them fail.
        let stops: Vec<u64> = (0..12_u64)
            .filter(|second| {
                let errors = second.saturating_sub(3) * 10;
                watch.seen(at(*second), second * 10, errors).is_some()
            })
            .collect();
        assert_eq!(
            stops.first(),
            Some(&6),
            "three of five seconds are bad: {stops:?}"
        );
    }

    #[test]
    fn a_short_burst_and_a_handful_of_requests_do_not() {
        let mut one = watch();
        for second in 0..30 {
            let errors = if second > 10 { 20 } else { 0 };
            assert_eq!(one.seen(at(second), second * 10, errors), None);
        }
        let mut few = watch();
        for second in 0..30 {
            assert_eq!(few.seen(at(second), second, second), None);
        }
    }
}
