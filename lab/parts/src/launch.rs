//! How one part is started and stopped, in plain values that any supervisor can use.

use std::{path::PathBuf, time::Duration};

/// One process to run in the foreground, its output on stdout and stderr.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Short name, also of its log: `postgres`, `redis`, `broker`.
    pub name: &'static str,
    /// Absolute path of the program.
    pub program: PathBuf,
    /// Arguments without the program's own name. They hold no secret: `ps` shows them to all.
    pub args: Vec<String>,
    /// Variables to add to the environment.
    pub env: Vec<(String, String)>,
    /// Working folder, if it matters.
    pub cwd: Option<PathBuf>,
    /// The user to become, when started as root and the program refuses root.
    pub run_as: Option<RunAs>,
    /// No customer waits for it: when the machine is busy, it yields the processor to what a customer waits for.
    pub background: bool,
    /// The port on 127.0.0.1 that it listens on.
    pub port: u16,
    /// The signal that asks it to stop in order.
    pub stop_signal: StopSignal,
    /// How long an orderly stop may take before the process is killed.
    pub stop_deadline: Duration,
}

/// An unprivileged user and its group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunAs {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// The signal for an orderly stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM.
    Term,
    /// SIGINT, PostgreSQL's: it calls it a fast shutdown, in which sessions are ended and data is flushed.
    Int,
}
