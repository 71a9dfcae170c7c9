//! Answers that stay true until something is written.
//!
//! While a consumer waits, the library asks its storage for the same few things again and again: what the topic is,
//! where each partition ends. Twelve waiting consumers made it run statements that took a quarter of a core with nobody
//! in the shop. This process is the only one that writes to the log, so it knows when an answer is out of date.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// Answers that are kept at most; a lab has a few dozen, a client that asks about thousands of topics shall cost no more.
const ANSWERS_MAX: usize = 1_000;

/// The last answer to each question.
#[derive(Debug)]
pub struct Remembered<K, V>(Mutex<State<K, V>>);

#[derive(Debug)]
struct State<K, V> {
    answers: HashMap<K, V>,
    /// Counts what was forgotten: an answer that was asked for before that may be out of date when it comes.
    forgotten: u64,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Mutex::new(State {
            answers: HashMap::new(),
            forgotten: 0,
        }))
    }
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// The answer that is known, else what `ask` says.
    pub async fn or_ask<E>(&self, key: K, ask: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let asked_at = {
            let state = self.state();
            if let Some(answer) = state.answers.get(&key) {
                return Ok(answer.clone());
            }
            state.forgotten
        };
        let answer = ask.await?;
        let mut state = self.state();
        if state.forgotten == asked_at {
            if state.answers.len() == ANSWERS_MAX {
                state.answers.clear();
            }
            state.answers.insert(key, answer.clone());
        }
        Ok(answer)
    }

    /// Forgets the answer to one question when the guard goes: after the write, also after one that was given up.
    pub fn forget_after(&self, key: K) -> impl Drop + use<'_, K, V> {
        Forget(self, Some(key))
    }

    /// Forgets all answers when the guard goes.
    pub fn forget_all_after(&self) -> impl Drop + use<'_, K, V> {
        Forget(self, None)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<K, V>> {
        // No code that holds the lock can panic half way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Forget<'a, K: Eq + Hash, V: Clone>(&'a Remembered<K, V>, Option<K>);

impl<K: Eq + Hash, V: Clone> Drop for Forget<'_, K, V> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.forgotten += 1;
        match &self.1 {
            Some(key) => drop(state.answers.remove(key)),
            None => state.answers.clear(),
        }
    }
}
