//! Chance that can be repeated: every choice of a run (who comes, for what, what they buy, how long they think) is drawn
//! from dice that depend on the run's seed and on which visit it is, and on nothing else. How fast the shop answers, and in
//! which order, changes when something is asked, but not what.
//!
//! What must be different in every run stays so: names of new customers, idempotency keys, trace ids. And whoever chooses
//! from what the shop answers (a hit of a search, somebody else's order) needs the same answers to choose the same.

use rand::{SeedableRng as _, rngs::SmallRng};

/// Decides a run. The same build makes the same of it; another one need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// One that nobody asked for; short enough to be typed.
    #[must_use]
    pub fn any() -> Self {
        Self(u64::from(rand::random::<u32>()))
    }

    /// The dice of one visit: the `number`th of `whom`, who is one of many users, or all of them together.
    #[must_use]
    pub fn dice(self, whom: u64, number: u64) -> SmallRng {
        let mixed = [whom, number]
            .into_iter()
            .fold(spread(self.0), |so_far, part| spread(so_far ^ part));
        SmallRng::seed_from_u64(mixed)
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): neighbouring numbers come out far apart.
fn spread(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::Rng as _;

    use super::*;

    #[test]
    fn each_visit_of_each_user_has_dice_of_its_own_which_the_seed_decides() {
        let throw = |seed, whom, number| Seed(seed).dice(whom, number).random::<u64>();
        assert_eq!(throw(1, 2, 3), throw(1, 2, 3));
        let mut all = BTreeSet::new();
        for seed in 0..5 {
            for whom in 0..5 {
                all.extend((0..5).map(|number| throw(seed, whom, number)));
            }
        }
        assert_eq!(all.len(), 125, "no two alike");
    }
}
