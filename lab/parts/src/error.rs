//! What can go wrong with the lab's parts. Each message says what, why and, where there is one, the mend.

use std::{io, path::PathBuf, time::Duration};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the lab's parts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system said no.
    #[error("cannot {what}: {source}")]
    Io {
        /// The attempt, e.g. `write /x/redis.conf`.
        what: String,
        /// The reason.
        source: io::Error,
    },
    /// A program that the lab needs is not on this machine.
    #[error("{what} is missing. {mend}")]
    Missing {
        /// The program.
        what: String,
        /// How to get it.
        mend: String,
    },
    /// The data folder was made by another major release of PostgreSQL.
    #[error(
        "{dir} holds data of PostgreSQL {found}, but this machine has only PostgreSQL {installed}. \
         Install PostgreSQL {found} again, or remove that folder to start with an empty lab",
        dir = dir.display()
    )]
    OtherMajor {
        /// The data folder.
        dir: PathBuf,
        /// Major release that made the data.
        found: u32,
        /// Major releases on the machine, comma-separated.
        installed: String,
    },
    /// A program ended with failure.
    #[error("{what} failed ({status}){}", tail_of(tail))]
    Failed {
        /// What was run.
        what: String,
        /// Its exit status in words.
        status: String,
        /// The end of what it printed.
        tail: String,
    },
    /// A program runs but did not become ready in time, or ended before it was.
    #[error("{what} was not ready within {} s: {reason}{}", limit.as_secs(), tail_of(tail))]
    NotReady {
        /// The part.
        what: &'static str,
        /// How long it was given.
        limit: Duration,
        /// The last answer of its readiness check.
        reason: String,
        /// The end of its log.
        tail: String,
    },
    /// The PostgreSQL of the lab refused a request.
    #[error("PostgreSQL: cannot {what}: {source}")]
    Database {
        /// The attempt.
        what: String,
        /// The reason.
        source: sqlx::Error,
    },
    /// The Redis of the lab refused a request.
    #[error("Redis does not answer: {0}")]
    Redis(#[from] ::redis::RedisError),
    /// Something on disk is not what it must be: wrong owner, readable by others, damaged.
    #[error("{path} {problem}. {mend}", path = path.display())]
    Unsafe {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        mend: String,
    },
    /// A name or value that the caller handed in cannot be used.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    /// Wraps an I/O error with the attempt that failed: `.map_err(Error::io(|| format!("write {x}")))`.
    pub(crate) fn io<S: Into<String>>(what: impl FnOnce() -> S) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            what: what().into(),
            source,
        }
    }

    /// Wraps an error of sqlx with the attempt that failed.
    pub(crate) fn database(what: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database {
            what: what.into(),
            source,
        }
    }
}

fn tail_of(tail: &str) -> String {
    let tail = tail.trim();
    if tail.is_empty() {
        String::new()
    } else {
        format!(". It printed:\n{tail}")
    }
}
