//! How far a start has come: written by whoever boots the lab, read by whoever waits for it, in
//! the same process or over the control socket.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Where the lab stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Coming up.
    Starting,
    /// The start succeeded.
    Ready,
    /// The start failed; [`Boot::error`] says why.
    Failed,
    /// Going down.
    Stopping,
}

/// One step of a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What is being done, without its outcome: `PostgreSQL`, `services`.
    pub title: String,
    /// How far it is, or how it ended: `5 of 8 ready`.
    pub detail: String,
    /// How long it took; none while it runs.
    pub took_ms: Option<u64>,
}

/// The whole start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// Where the lab stands.
    pub phase: Phase,
    /// What was done so far, oldest first; the last one may be running.
    pub steps: Vec<Step>,
    /// Why it failed, in full, ready to be shown.
    pub error: Option<String>,
}

/// The writing side.
#[derive(Debug)]
pub struct Board {
    boot: watch::Sender<Boot>,
}

impl Default for Board {
    fn default() -> Self {
        let boot = Boot {
            phase: Phase::Starting,
            steps: Vec::new(),
            error: None,
        };
        Self {
            boot: watch::Sender::new(boot),
        }
    }
}

impl Board {
    /// Begins a step. It ends when [`Running::done`] is called; a dropped one stays open, which
    /// is what a failed start shows.
    pub fn step(&self, title: &str) -> Running<'_> {
        let step = Step {
            title: title.to_owned(),
            detail: String::new(),
            took_ms: None,
        };
        let mut index = 0;
        self.boot.send_modify(|boot| {
            index = boot.steps.len();
            boot.steps.push(step);
        });
        Running {
            board: self,
            index,
            since: Instant::now(),
        }
    }

    /// Moves the lab to another phase.
    pub fn set_phase(&self, phase: Phase) {
        self.boot.send_modify(|boot| boot.phase = phase);
    }

    /// The start failed for good.
    pub fn fail(&self, error: String) {
        self.boot.send_modify(|boot| {
            boot.phase = Phase::Failed;
            boot.error = Some(error);
        });
    }

    /// As it is now.
    pub fn now(&self) -> Boot {
        self.boot.borrow().clone()
    }

    /// Wakes on every change.
    pub fn subscribe(&self) -> watch::Receiver<Boot> {
        self.boot.subscribe()
    }
}

/// A step that is under way.
#[derive(Debug)]
pub struct Running<'a> {
    board: &'a Board,
    index: usize,
    since: Instant,
}

impl Running<'_> {
    /// Says how far it is.
    pub fn detail(&self, detail: impl Into<String>) {
        let detail = detail.into();
        self.board
            .boot
            .send_modify(|boot| boot.steps[self.index].detail = detail);
    }

    /// Ends it.
    pub fn done(self, detail: impl Into<String>) {
        let took_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let detail = detail.into();
        self.board.boot.send_modify(|boot| {
            let step = &mut boot.steps[self.index];
            step.detail = detail;
            step.took_ms = Some(took_ms);
        });
    }
}
