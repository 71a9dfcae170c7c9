//! What to run. A spec is complete: the child sees the environment written here and the few
//! variables of [`INHERITED`], nothing else of the caller's shell.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

/// Any error a readiness check may end with; its text is shown to the person who waits.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What a child inherits from the supervisor. Everything else is left out, so that a
/// `DATABASE_URL` exported in somebody's shell cannot reach a service by accident.
pub const INHERITED: [&str; 8] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "RUST_BACKTRACE",
];

/// One program to keep running.
#[derive(Debug, Clone)]
pub struct ProcessSpec {
    /// Unique in the lab; names the log and the pid file. Letters, digits, `-` and `_`.
    pub name: String,
    /// The executable, as an absolute path or found through `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment, on top of [`INHERITED`].
    pub env: Vec<(String, String)>,
    /// Its working folder; the supervisor's own when `None`.
    pub cwd: Option<PathBuf>,
    /// The user it runs as; the supervisor's own when `None`. Another one needs root.
    pub run_as: Option<RunAs>,
    /// Nobody waits for it: it yields the processor to the others when there is too little.
    pub background: bool,
    /// The port it serves, for status only: nothing here opens it.
    pub port: u16,
    /// Its admin port, for status only.
    pub admin_port: Option<u16>,
    /// What asks it to stop.
    pub stop_signal: StopSignal,
    /// How long it may take to stop before it is killed.
    pub stop_deadline: Duration,
    /// How to see that it does its work.
    pub ready: Readiness,
    /// How long it may take to become ready when it is started.
    pub ready_limit: Duration,
}

/// A user and a group by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunAs {
    /// User id.
    pub uid: u32,
    /// Group id. Supplementary groups are dropped.
    pub gid: u32,
}

/// The signal that asks for a graceful stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM.
    Term,
    /// SIGINT: PostgreSQL's fast shutdown.
    Int,
}

/// How to see that a process does its work. Asked again and again: ten times a second until it
/// holds, then once a second.
#[derive(Clone)]
pub enum Readiness {
    /// `GET` of this URL answers 200.
    Http(String),
    /// This check succeeds.
    Check(Arc<dyn Fn() -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>),
}

impl Readiness {
    /// A check from an async function with any error type.
    pub fn check<F, Fut, E>(check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self::Check(Arc::new(move || {
            let answer = check();
            Box::pin(async move { answer.await.map_err(Into::into) })
        }))
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => write!(f, "Http({url})"),
            Self::Check(_) => f.write_str("Check(..)"),
        }
    }
}
