//! Starts one child the way every child is started: own process group, clean environment, output
//! into its log, pid file written.

use std::io;
use std::process::Stdio;
use std::time::Instant;

use tokio::process::{Child, Command};

use crate::log_file::{self, LogFile};
use crate::registry::{self, MARKER};
use crate::spec::INHERITED;
use crate::{Dirs, ProcessSpec};

/// A third of the processor's time beside a busy neighbour of niceness 0: late, never starved.
const BACKGROUND_NICENESS: &str = "5";

/// A child that was started.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) pid: i32,
    pub(crate) child: Child,
    pub(crate) since: Instant,
}

/// What the supervisor passes on of its own environment.
pub(crate) type Inherited = Vec<(String, String)>;

/// Reads [`INHERITED`] once, when the supervisor starts.
pub(crate) fn inherited() -> Inherited {
    std::env::vars()
        .filter(|(name, _)| INHERITED.contains(&name.as_str()))
        .collect()
}

pub(crate) fn start(spec: &ProcessSpec, dirs: &Dirs, inherited: &Inherited) -> io::Result<Running> {
    let log = LogFile::open(&dirs.log(&spec.name), log_file::BYTES_MAX)?;
    let (reader, writer) = io::pipe()?;
    let mut command = command(spec, dirs, inherited);
    command.stdout(writer.try_clone()?).stderr(writer);
    let child = command.spawn()?;
    // The command holds the writing ends: without this the log would wait for us as well.
    drop(command);
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .unwrap_or_default();
    registry::write(dirs, &spec.name, pid)?;
    log_file::pump(&spec.name, reader, log)?;
    Ok(Running {
        pid,
        child,
        since: Instant::now(),
    })
}

fn command(spec: &ProcessSpec, dirs: &Dirs, inherited: &Inherited) -> Command {
    let mut command = if spec.background {
        let mut nice = Command::new("nice");
        nice.args(["-n", BACKGROUND_NICENESS]).arg(&spec.program);
        nice
    } else {
        Command::new(&spec.program)
    };
    command
        .args(&spec.args)
        .env_clear()
        .envs(inherited.iter().map(|(name, value)| (name, value)))
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .env(MARKER, dirs.state())
        .stdin(Stdio::null())
        // A signal from the terminal reaches the supervisor alone, which stops things in order.
        .process_group(0)
        .kill_on_drop(true);
    if let Some(cwd) = &spec.cwd {
        command.current_dir(cwd);
    }
    if let Some(user) = spec.run_as {
        command.uid(user.uid).gid(user.gid);
    }
    command
}
