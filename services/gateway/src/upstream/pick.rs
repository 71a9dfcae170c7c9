//! Which instance gets a request: by weight; the same user always the same version; passing over open breakers.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    ptr,
    sync::atomic::Ordering,
};

use uuid::Uuid;

use super::{Instance, Upstream};

/// What a request asks of the choice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish<'a> {
    /// The user, who should stay on one version of a canary.
    pub(crate) user: Option<Uuid>,
    /// `x-version`: this version and no other.
    pub(crate) version: Option<&'a str>,
}

impl Upstream {
    /// An instance other than `except`, or `None` if there is none of the wished version.
    pub(crate) fn pick(&self, wish: Wish<'_>, except: Option<&Instance>) -> Option<&Instance> {
        let eligible = |instance: &&Instance| {
            let wished = |version| instance.address.version == version;
            wish.version.is_none_or(wished) && !except.is_some_and(|not| ptr::eq(not, *instance))
        };
        let candidates: Vec<&Instance> = self.instances.iter().filter(eligible).collect();
        let healthy: Vec<&Instance> = candidates
            .iter()
            .copied()
            .filter(|instance| !instance.client.is_open())
            .collect();
        // With all breakers open, one of them has to say so, quickly.
        let candidates = if healthy.is_empty() {
            candidates
        } else {
            healthy
        };
        by_weight(&candidates, self.number(wish.user))
    }

    /// A number that decides: the user's own where versions differ, else the next in turn.
    fn number(&self, user: Option<Uuid>) -> u64 {
        let first = &self.instances[0].address.version;
        let canary = self
            .instances
            .iter()
            .any(|instance| instance.address.version != *first);
        match user {
            Some(user) if canary => {
                let mut hasher = DefaultHasher::new();
                user.hash(&mut hasher);
                hasher.finish()
            }
            _ => self.turn.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// An instance of weight 0 gets only what asks for its version.
fn by_weight<'a>(candidates: &[&'a Instance], number: u64) -> Option<&'a Instance> {
    let total: u64 = candidates
        .iter()
        .map(|instance| u64::from(instance.address.weight))
        .sum();
    if total == 0 {
        return candidates.first().copied();
    }
    let mut place = number % total;
    for instance in candidates {
        let weight = u64::from(instance.address.weight);
        if place < weight {
            return Some(instance);
        }
        place -= weight;
    }
    None
}
