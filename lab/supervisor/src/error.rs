//! What can go wrong while running processes, worded for the person who has to mend it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Every failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another supervisor holds the state folder.
    #[error("a lab is already running in {} (supervisor process {pid})", state.display())]
    AlreadyRunning {
        /// The folder.
        state: PathBuf,
        /// Process id of the supervisor that holds it; 0 when it has not said yet.
        pid: i32,
    },
    /// A file or a system call.
    #[error("{what}")]
    Io {
        /// What was being done, with the path.
        what: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A process did not become ready.
    #[error("{name} did not become ready within {:.1} s: {reason}", waited.as_secs_f64())]
    NotReady {
        /// Its name.
        name: String,
        /// How long was waited.
        waited: Duration,
        /// The last answer of its readiness check, or how it ended.
        reason: String,
        /// Where its output is.
        log: PathBuf,
        /// The end of its output.
        last_lines: Vec<String>,
    },
    /// No process has this name.
    #[error("there is no process called {name:?}; there are: {}", known.join(", "))]
    UnknownProcess {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Two specs carry one name.
    #[error("two processes are called {0:?}")]
    DuplicateName(String),
    /// The action makes no sense in the process's present state.
    #[error("{name} is {state}: cannot {action} it")]
    WrongState {
        /// The process.
        name: String,
        /// Its state.
        state: crate::State,
        /// What was asked for.
        action: crate::Action,
    },
    /// Nobody answers on the control socket.
    #[error("no lab answers on {}: {reason}", socket.display())]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// Why.
        reason: String,
    },
    /// The supervisor refused a request.
    #[error("{0}")]
    Refused(String),
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
