//! Who is hit: a hash of what is asked about, never a draw from a generator that others draw from too. The same seed hits
//! the same connections and requests, whatever else happens at the same time and in whatever order.

use sha2::{Digest as _, Sha256};

/// 2⁵³: as many steps as a double between 0 and 1 can tell apart.
const STEPS: f64 = 9_007_199_254_740_992.0;

/// What a decision depends on, beside the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// Which fault asks.
    pub fault: &'a str,
    /// The edge it is set on, such as `order->payment`.
    pub edge: &'a str,
    /// What may be hit: the number of a connection on its edge, the idempotency key of a request.
    pub key: &'a str,
    /// How often this was asked before about the same key: a retry is another decision.
    pub attempt: u64,
}

/// A number from 0 up to but not including 1, evenly spread over questions, always the same for the same question.
#[must_use]
pub fn draw(seed: u64, question: Question<'_>) -> f64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for part in [question.fault, question.edge, question.key] {
        // With its length, so that no two questions are written the same way.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.update(question.attempt.to_le_bytes());
    let digest = hash.finalize();
    let (head, _) = digest.split_first_chunk::<8>().expect("32 bytes");
    (u64::from_le_bytes(*head) >> 11) as f64 / STEPS
}

/// Whether a fault of this toxicity (0 never, 1 always) hits.
#[must_use]
pub fn hits(seed: u64, question: Question<'_>, toxicity: f64) -> bool {
    draw(seed, question) < toxicity
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn question(key: &str, attempt: u64) -> Question<'_> {
        Question {
            fault: "latency_downstream",
            edge: "order->payment",
            key,
            attempt,
        }
    }

    #[test]
    fn a_decision_is_the_same_on_every_machine_and_in_every_build() {
        // Computed apart, with another SHA-256: a change of this number breaks every experiment that names its seed.
        let drawn = draw(42, question("7", 0));
        assert!((drawn - 0.366_946).abs() < 1e-6, "{drawn}");
    }

    #[test]
    fn parts_that_are_split_elsewhere_are_another_question() {
        let one = Question {
            fault: "ab",
            edge: "c",
            key: "",
            attempt: 0,
        };
        let two = Question {
            fault: "a",
            edge: "bc",
            key: "",
            attempt: 0,
        };
        assert!((draw(1, one) - draw(1, two)).abs() > f64::EPSILON);
    }

    proptest! {
        #[test]
        fn toxicity_one_always_hits_and_zero_never(seed: u64, key: String, attempt: u64) {
            prop_assert!(hits(seed, question(&key, attempt), 1.0));
            prop_assert!(!hits(seed, question(&key, attempt), 0.0));
        }

        #[test]
        fn a_higher_toxicity_hits_whatever_a_lower_one_hits(seed: u64, key: String, low in 0.0..1.0, more in 0.0..1.0) {
            let asked = question(&key, 0);
            prop_assert!(!hits(seed, asked, low) || hits(seed, asked, low + more));
        }

        #[test]
        fn a_share_of_the_keys_is_hit(seed: u64, toxicity in 0.05..0.95) {
            let hit = (0..2_000).filter(|n| hits(seed, question(&n.to_string(), 0), toxicity)).count();
            // Five standard deviations: wrong once in two million.
            let spread = 5.0 * (2_000.0 * toxicity * (1.0 - toxicity)).sqrt();
            prop_assert!((hit as f64 - 2_000.0 * toxicity).abs() < spread, "{hit} of 2000 at {toxicity}");
        }
    }
}
