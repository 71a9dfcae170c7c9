//! How faults end by themselves, and all at once.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use crate::fault::Hits;

use super::{EndedView, Error, Leased, Registry, State, ToxicView, running};

/// An edge whose address is taken when it is to heal: how long until it tries again.
const HEAL_AGAIN: Duration = Duration::from_secs(1);

impl Registry {
    /// What is set now, and what has ended lately, oldest first.
    #[must_use]
    pub fn faults(&self) -> (Vec<ToxicView>, Vec<EndedView>) {
        let state = self.state();
        (state.active(), state.ended.iter().cloned().collect())
    }

    /// What faults have hit over all their lives, by edge and name.
    #[must_use]
    pub fn tolls(&self) -> Vec<(String, String, Hits)> {
        let state = self.state();
        let tolls = state.tolls.iter();
        let mut tolls: Vec<_> = tolls
            .map(|((edge, fault), toll)| (edge.clone(), fault.clone(), toll.now()))
            .collect();
        tolls.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        tolls
    }

    /// A heartbeat: all leases of this holder begin anew. Answers how many.
    ///
    /// # Errors
    /// When it holds none (any more).
    pub async fn renew(&self, holder: &str) -> Result<usize, Error> {
        let _writer = self.writer.lock().await;
        let mut state = self.state();
        let now = Instant::now();
        let held = state
            .active()
            .into_iter()
            .filter(|fault| fault.holder == holder);
        let renewed = held
            .filter(|fault| state.leases.renew(&State::key(fault), now))
            .count();
        drop(state);
        self.leases_changed.notify_one();
        if renewed > 0 {
            Ok(renewed)
        } else {
            Err(Error::LeaseNotFound)
        }
    }

    /// Lifts all that this holder has set.
    ///
    /// # Errors
    /// When an edge cannot listen again.
    pub async fn release(&self, holder: &str) -> Result<(), Error> {
        let _writer = self.writer.lock().await;
        let (active, _) = self.faults();
        for fault in active.iter().filter(|fault| fault.holder == holder) {
            self.lift_one(&State::key(fault), "removed").await?;
        }
        Ok(())
    }

    /// Lifts everything.
    ///
    /// # Errors
    /// When an edge cannot listen again; the others have.
    pub async fn reset(&self) -> Result<(), Error> {
        let _writer = self.writer.lock().await;
        let (active, _) = self.faults();
        let mut outcome = Ok(());
        for fault in &active {
            outcome = self
                .lift_one(&State::key(fault), "reset")
                .await
                .and(outcome);
        }
        outcome
    }

    pub(super) async fn heal(&self) {
        loop {
            let next = self.heal_due().await;
            let until = next.unwrap_or_else(Instant::now);
            tokio::select! {
                () = self.leases_changed.notified() => {}
                () = sleep_until(until.into()), if next.is_some() => {}
            }
        }
    }

    /// Lifts what has run out; says when the next lease does.
    async fn heal_due(&self) -> Option<Instant> {
        let _writer = self.writer.lock().await;
        let due = self.state().leases.expired(Instant::now());
        for key in due {
            if let Err(error) = self.lift_one(&key, "lease").await {
                tracing::error!(?key, %error, "cannot heal yet");
                self.state().leases.grant(key, HEAL_AGAIN, Instant::now());
            }
        }
        self.state().leases.next()
    }

    /// The caller is the writer.
    async fn lift_one(&self, key: &Leased, why: &'static str) -> Result<(), Error> {
        match key {
            Leased::Toxic(edge, name) => {
                self.state().end_toxic(edge, name, why);
            }
            Leased::Down(edge) => {
                let listen = self.show(edge)?.listen;
                let addr = running::resolve(&listen).await?;
                let mut state = self.state();
                self.start(edge, state.proxy(edge)?, addr)?;
                state.end_down(edge, why);
            }
        }
        Ok(())
    }
}
