//! Who heals what when: each fault may carry a lease, and whoever wants it longer must say so again. The book only knows
//! times that it is told; a task of the registry asks it what has run out.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// The leases that run.
#[derive(Debug, Clone)]
pub struct LeaseBook<K> {
    terms: HashMap<K, Term>,
}

#[derive(Debug, Clone, Copy)]
struct Term {
    length: Duration,
    ends: Instant,
}

impl<K> Default for LeaseBook<K> {
    fn default() -> Self {
        Self {
            terms: HashMap::new(),
        }
    }
}

impl<K: Clone + Eq + Hash> LeaseBook<K> {
    /// Begins a lease, or replaces one.
    pub fn grant(&mut self, key: K, length: Duration, now: Instant) {
        let ends = now + length;
        self.terms.insert(key, Term { length, ends });
    }

    /// Lets a lease begin anew, with its length. False when there is none (any more).
    pub fn renew(&mut self, key: &K, now: Instant) -> bool {
        let Some(term) = self.terms.get_mut(key) else {
            return false;
        };
        term.ends = now + term.length;
        true
    }

    /// Ends a lease without anything to heal.
    pub fn release(&mut self, key: &K) {
        self.terms.remove(key);
    }

    /// How long it was granted for, and how long it runs on.
    #[must_use]
    pub fn left(&self, key: &K, now: Instant) -> Option<(Duration, Duration)> {
        let term = self.terms.get(key)?;
        Some((term.length, term.ends.saturating_duration_since(now)))
    }

    /// When the next one runs out.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.terms.values().map(|term| term.ends).min()
    }

    /// Takes out what has run out.
    pub fn expired(&mut self, now: Instant) -> Vec<K> {
        let over = |term: &Term| term.ends <= now;
        let keys = self.terms.iter().filter(|(_, term)| over(term));
        let keys: Vec<K> = keys.map(|(key, _)| key.clone()).collect();
        self.terms.retain(|_, term| !over(term));
        keys
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_heartbeat_prolongs_a_lease_by_its_own_length() {
        let (mut book, start) = (LeaseBook::default(), Instant::now());
        book.grant("a", SECOND * 10, start);
        assert!(book.renew(&"a", start + SECOND * 9));
        assert!(book.expired(start + SECOND * 18).is_empty());
        assert_eq!(
            book.left(&"a", start + SECOND * 18),
            Some((SECOND * 10, SECOND))
        );
        assert_eq!(book.expired(start + SECOND * 19), ["a"]);
    }

    #[test]
    fn a_heartbeat_that_comes_too_late_brings_nothing_back() {
        let (mut book, start) = (LeaseBook::default(), Instant::now());
        book.grant("a", SECOND, start);
        assert_eq!(book.expired(start + SECOND), ["a"]);
        assert!(!book.renew(&"a", start + SECOND));
        assert_eq!(book.next(), None);
    }

    #[derive(Debug, Clone)]
    enum Event {
        Grant(u8, u64),
        Renew(u8),
        Release(u8),
        Wait(u64),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let one = prop_oneof![
            (0..4_u8, 1..50_u64).prop_map(|(key, ms)| Event::Grant(key, ms)),
            (0..4_u8).prop_map(Event::Renew),
            (0..4_u8).prop_map(Event::Release),
            (1..30_u64).prop_map(Event::Wait),
        ];
        vec(one, 1..80)
    }

    proptest! {
        /// Against the simplest model there is: one line per key with its end.
        #[test]
        fn nothing_outlives_its_lease_and_nothing_ends_before(events in events()) {
            let mut book = LeaseBook::default();
            let mut model: HashMap<u8, (u64, u64)> = HashMap::new();
            let (start, mut now) = (Instant::now(), 0_u64);
            let at = |ms: u64| start + Duration::from_millis(ms);
            for event in events {
                match event {
                    Event::Grant(key, ms) => {
                        book.grant(key, Duration::from_millis(ms), at(now));
                        model.insert(key, (ms, now + ms));
                    }
                    Event::Renew(key) => {
                        let known = model.get_mut(&key).map(|(length, ends)| *ends = now + *length);
                        prop_assert_eq!(book.renew(&key, at(now)), known.is_some());
                    }
                    Event::Release(key) => {
                        book.release(&key);
                        model.remove(&key);
                    }
                    Event::Wait(ms) => now += ms,
                }
                let mut healed = book.expired(at(now));
                healed.sort_unstable();
                let mut due: Vec<u8> = model.iter().filter(|(_, (_, ends))| *ends <= now).map(|(key, _)| *key).collect();
                due.sort_unstable();
                model.retain(|_, (_, ends)| *ends > now);
                prop_assert_eq!(healed, due);
                prop_assert_eq!(book.next(), model.values().map(|(_, ends)| at(*ends)).min());
            }
        }
    }
}
