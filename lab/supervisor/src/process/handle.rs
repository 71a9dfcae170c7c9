//! What the rest of the supervisor holds of a process: how to talk to its task, and what it says of
//! itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::Lease;
use crate::spawn::Inherited;
use crate::spec::ProcessSpec;
use crate::{Action, Dirs, State};

/// What others may know of a process.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) state: State,
    pub(crate) pid: Option<i32>,
    pub(crate) restarts: u32,
    pub(crate) since: Option<Instant>,
    /// Until when it stays paused, or down after a kill.
    pub(crate) lease: Lease,
    /// The last answer of the readiness check, or how the process ended.
    pub(crate) reason: String,
}

/// A wish, and where to say whether it was granted; `Err` carries the state that forbids it.
pub(crate) enum Command {
    Act(Action, Option<Duration>, oneshot::Sender<Result<(), State>>),
    Stop(oneshot::Sender<()>),
}

/// How the supervisor talks to the task.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(crate) spec: Arc<ProcessSpec>,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) view: watch::Receiver<View>,
}

/// What every process of a lab is started with.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) dirs: Dirs,
    pub(crate) inherited: Arc<Inherited>,
    pub(crate) http: reqwest::Client,
    /// Cancelled when no deadline is to be waited for any more.
    pub(crate) hurry: CancellationToken,
}
