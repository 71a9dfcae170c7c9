//! Between two lives: a process that has crashed waits to be started again, and one that was killed with a lease stays
//! down until that is over.

use std::time::Duration;

use super::{Command, Lease, Process};
use crate::{Action, State};

/// A process that was never ready and crashed this often will not mend itself.
const HOPELESS_AFTER_CRASHES: u32 = 5;

impl Process {
    /// Waits until it is time to start again; answers false when told to stop instead.
    pub(super) async fn after_crash(&mut self, reason: String) -> bool {
        let healthy_for = self
            .ready_since
            .take()
            .map_or(Duration::ZERO, |since| since.elapsed());
        let wait = self.backoff.after_crash(healthy_for);
        let hopeless =
            !self.ever_ready && self.backoff.crashes_in_a_row() >= HOPELESS_AFTER_CRASHES;
        tracing::warn!(
            process = self.spec.name,
            reason,
            ?wait,
            hopeless,
            "ended by itself"
        );
        self.set(
            if hopeless {
                State::Failed
            } else {
                State::Backoff
            },
            reason,
        );
        if !self.wait_for_next_life(wait, hopeless).await {
            return false;
        }
        self.hold(Lease::default());
        self.view.send_modify(|view| view.restarts += 1);
        true
    }

    async fn wait_for_next_life(&mut self, wait: Duration, hopeless: bool) -> bool {
        let retry = tokio::time::sleep(wait);
        tokio::pin!(retry);
        loop {
            let lease = self.lease();
            tokio::select! {
                () = lease.over() => self.hold(Lease::default()),
                () = &mut retry, if !hopeless && !lease.is_set() => return true,
                command = self.commands.recv() => match command {
                    Some(Command::Act(action, length, answer)) => {
                        let granted = self.act_between_lives(action, length);
                        let again = matches!(granted, Ok(true));
                        let _ = answer.send(granted.map(drop));
                        if again {
                            return true;
                        }
                    }
                    Some(Command::Stop(answer)) => {
                        let _ = answer.send(());
                        return false;
                    }
                    None => return false,
                },
            }
        }
    }

    /// Answers whether it starts at once.
    fn act_between_lives(
        &mut self,
        action: Action,
        length: Option<Duration>,
    ) -> Result<bool, State> {
        match action {
            Action::Restart => {
                self.backoff.reset();
                Ok(true)
            }
            Action::Resume if self.lease().is_set() => Ok(true),
            // It is dead already; it stays so for longer.
            Action::Kill if length.is_some() => {
                self.hold(Lease::of(length));
                Ok(false)
            }
            _ => Err(self.view.borrow().state),
        }
    }
}
