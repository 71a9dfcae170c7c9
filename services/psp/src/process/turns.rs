//! Which keys are being worked on in this process.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::domain::Provider;

type Keys = HashSet<(Provider, String)>;

/// The keys in use. Bounded by the requests in flight.
#[derive(Clone, Default)]
pub(crate) struct Turns {
    keys: Arc<Mutex<Keys>>,
}

/// The right to work on a key; given back on drop, whatever happened.
pub(crate) struct Turn {
    turns: Turns,
    key: (Provider, String),
}

impl Turns {
    /// The turn, unless somebody has it.
    pub(super) fn take(&self, provider: Provider, key: &str) -> Option<Turn> {
        let key = (provider, key.to_owned());
        self.keys().insert(key.clone()).then(|| Turn {
            turns: self.clone(),
            key,
        })
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        // Inserting and removing cannot be left half done.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.keys().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_free_again_when_its_turn_is_dropped() {
        let turns = Turns::default();
        let turn = turns.take(Provider::Stripe, "k").unwrap();
        assert!(turns.take(Provider::Stripe, "k").is_none());
        assert!(turns.take(Provider::Paypal, "k").is_some());
        drop(turn);
        assert!(turns.take(Provider::Stripe, "k").is_some());
    }
}
