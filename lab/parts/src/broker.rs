//! The lab's own Kafka-API broker: one node, durable in SQLite, built from source once and kept.
//!
//! The program is `lab/broker`; [`kept`] says whether it is already built and [`build`] builds it.

mod kept;
mod probe;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

pub use kept::{build, build_in, kept, kept_in};

use crate::{Error, Launch, Result, StopSignal, process};

/// The lab's broker on one port.
#[derive(Clone, Debug)]
pub struct Broker {
    program: PathBuf,
    dir: PathBuf,
    port: u16,
}

impl Broker {
    /// Finds the built broker; its data is in `<state>/broker`.
    ///
    /// # Errors
    /// When it has not been built, or the state folder cannot be made.
    pub fn locate(state: &Path, port: u16) -> Result<Self> {
        let program = kept()?.ok_or_else(|| Error::Missing {
            what: "the broker".into(),
            mend: "Run: faultline setup (it is built once and kept)".into(),
        })?;
        let dir = state.join("broker");
        fs::create_dir_all(&dir)
            .and_then(|()| dir.canonicalize())
            .map(|dir| Self { program, dir, port })
            .map_err(Error::io(|| {
                format!("create {}", state.join("broker").display())
            }))
    }

    /// The command line of the broker, in the foreground.
    ///
    /// # Errors
    /// When the folder's name is not UTF-8.
    pub fn launch(&self) -> Result<Launch> {
        let data = process::text(&self.dir)?.to_owned();
        Ok(Launch {
            name: "broker",
            program: self.program.clone(),
            args: vec!["--listen".into(), self.bootstrap(), "--data".into(), data],
            // One arena for its few threads: what one of them frees, another can use again.
            env: vec![("MALLOC_ARENA_MAX".into(), "1".into())],
            cwd: Some(self.dir.clone()),
            run_as: None,
            // No customer waits for it, but on a machine that is full it must keep up with what customers do.
            background: false,
            port: self.port,
            stop_signal: StopSignal::Term,
            stop_deadline: Duration::from_secs(2),
        })
    }

    /// Ready means that a Metadata request is answered with at least one broker: the storage is open too.
    ///
    /// # Errors
    /// As long as it is not.
    pub async fn ready(&self) -> Result<()> {
        probe::metadata(self.port).await
    }

    /// `127.0.0.1:port`, for `bootstrap.servers`.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}
