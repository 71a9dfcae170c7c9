//! Runs a set of ordinary programs on one machine: starts them in order, waits until they are
//! ready, restarts what crashes, measures what they use, and stops them without leaving anything.
//!
//! It knows nothing of databases or of the shop: everything it starts is a [`ProcessSpec`].
//!
//! | module | what |
//! |---|---|
//! | [`spec`] | what to run and how to see that it is ready |
//! | [`supervisor`](Supervisor) | stages, actions by name, status |
//! | [`control`] | the same over HTTP on a unix socket |
//! | [`registry`] | pid files, the lock of a state folder, the sweep after a dead supervisor |
//! | [`ports`] | is a port free, and who holds it |
//! | [`logs`] | the last lines of a process's log |
//!
//! A state folder belongs to one supervisor at a time. Below it:
//! `logs/NAME.log` (with one `.1` of the past), `run/NAME.pid`, `run/supervisor.lock`,
//! `run/control.sock`.
//!
//! What it does not do: it never becomes a daemon by itself, takes no configuration from the
//! environment, and restarts nothing that it was told to stop.

mod backoff;
pub mod board;
pub mod control;
mod dirs;
mod error;
mod log_file;
pub mod logs;
pub mod memory;
pub mod ports;
pub mod proc_table;
mod process;
pub mod registry;
mod signals;
mod spawn;
pub mod spec;
mod status;
mod supervise;

pub use board::{Board, Boot, Phase, Step};
pub use dirs::Dirs;
pub use error::Error;
pub use spec::{BoxError, ProcessSpec, Readiness, RunAs, StopSignal};
pub use status::{ProcessStatus, State, Status};
pub use supervise::{Action, Itself, Supervisor};
