//! How often a fault was asked about the same request: the first time and a retry are two decisions.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use crate::limits::ATTEMPT_KEYS_MAX;

/// Counts by key. Forgets what was not asked about for long: when so many others have come, all that were not seen since.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    now: HashMap<u64, u64>,
    before: HashMap<u64, u64>,
}

impl Attempts {
    /// How often this was asked before.
    #[must_use]
    pub fn next(&self, key: &str) -> u64 {
        let key = hash(key);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.now.get(&key).or_else(|| seen.before.get(&key));
        let before = known.copied().unwrap_or_default();
        if seen.now.len() >= ATTEMPT_KEYS_MAX && !seen.now.contains_key(&key) {
            seen.before = std::mem::take(&mut seen.now);
        }
        seen.now.insert(key, before + 1);
        before
    }
}

/// A key may be as long as a header; eight bytes tell some ten thousand apart.
fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_counted_by_itself() {
        let attempts = Attempts::default();
        let counted = ["a", "b", "a", "a"].map(|key| attempts.next(key));
        assert_eq!(counted, [0, 0, 1, 2]);
    }

    #[test]
    fn what_is_asked_about_again_and_again_is_never_forgotten_and_the_rest_does_not_pile_up() {
        let attempts = Attempts::default();
        for number in 0..5 * ATTEMPT_KEYS_MAX {
            let _ = attempts.next(&number.to_string());
            assert_eq!(attempts.next("often"), number as u64);
        }
        let seen = attempts.0.lock().expect("nobody panicked");
        assert!(seen.now.len() + seen.before.len() <= 2 * ATTEMPT_KEYS_MAX);
    }
}
