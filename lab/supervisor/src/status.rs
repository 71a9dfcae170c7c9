//! What the lab says about itself: the shape of `faultline status --json`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The whole lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The start succeeded and every process is ready now.
    pub ready: bool,
    /// Sum of the processes' `rss_bytes`.
    pub rss_total_bytes: u64,
    /// In the order they were started; the supervisor itself comes first.
    pub processes: Vec<ProcessStatus>,
}

/// One process and everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// Its name.
    pub name: String,
    /// Its process id; none while it waits to be started again.
    pub pid: Option<i32>,
    /// The port it serves.
    pub port: u16,
    /// Its admin port.
    pub admin_port: Option<u16>,
    /// What it does.
    pub state: State,
    /// Proportional set size of its whole process tree: a page that n processes share counts 1/n
    /// in each, so the sum over all processes is what the lab really takes. (Resident set sizes
    /// cannot be added up: PostgreSQL's buffers would count once for each connection.)
    pub rss_bytes: u64,
    /// How often it was started again after a crash or a kill. A restart by hand does not count.
    pub restarts: u32,
    /// Seconds since it was last started.
    pub uptime_s: u64,
    /// Milliseconds until it is resumed, or started again after a kill that was to last; none when nobody has done either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_left_ms: Option<u64>,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Started, not ready yet.
    Starting,
    /// Its readiness check holds.
    Ready,
    /// It was ready; now its readiness check fails.
    Degraded,
    /// Stopped in its tracks by SIGSTOP; alive, silent.
    Paused,
    /// It crashed and waits to be started again.
    Backoff,
    /// Told to stop.
    Stopped,
    /// Given up: it never became ready and crashed time and again. `restart` tries anew.
    Failed,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Paused => "paused",
            Self::Backoff => "backoff",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        })
    }
}
