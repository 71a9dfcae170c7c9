//! Doing what an activity says. Everything has a limit: of time, of bytes.

mod command;
mod request;

use std::time::Duration;

pub(crate) use command::Command;
pub(crate) use request::Request;

/// Unless the activity says otherwise. Chaos Toolkit would wait for ever.
const TIME_MAX: Duration = Duration::from_secs(60);
/// As much of an answer or an output as is kept.
const BYTES_MAX: usize = 1 << 20;
