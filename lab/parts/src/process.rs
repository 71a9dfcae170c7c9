//! Small helpers around programs: run one to its end, start one in the background, wait for readiness.
//!
//! Not a supervisor: nothing here restarts anything.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use tokio::{
    process::Child,
    time::{Instant, sleep},
};

use crate::{Error, Launch, Result, RunAs};

/// How much of a log an error quotes.
const TAIL_BYTES_MAX: u64 = 2_000;
const POLL: Duration = Duration::from_millis(25);

/// A port on 127.0.0.1 that the system says is free now. Nobody holds it for the caller.
///
/// # Errors
/// When the system gives no port.
pub fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Error::io(|| "find a free port on 127.0.0.1"))
}

/// A path as text, for command lines and configuration files.
pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        Error::Invalid(format!(
            "{} is not UTF-8; put the lab into a folder whose name is",
            path.display()
        ))
    })
}

/// Makes `dir` a folder with nothing in it.
pub(crate) fn empty_folder(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(dir),
    }
    .map_err(Error::io(|| format!("empty {}", dir.display())))
}

/// Runs a command to its end and returns its output, or an error with the end of what it printed.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io(|| format!("run {what}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let mut printed = String::from_utf8_lossy(&output.stderr).into_owned();
    printed.push_str(&String::from_utf8_lossy(&output.stdout));
    Err(Error::Failed {
        what,
        status: output.status.to_string(),
        tail: printed,
    })
}

/// Makes `command` start as another user. The standard library also drops root's extra groups.
pub(crate) fn become_user(command: &mut Command, user: Option<RunAs>) {
    if let Some(RunAs { uid, gid }) = user {
        command.gid(gid).uid(uid);
    }
}

/// Starts a part in the background, its output appended to `log`; dropping the child kills it.
pub(crate) fn start(launch: &Launch, log: &Path) -> Result<Child> {
    let opened = File::options().create(true).append(true).open(log);
    let out = opened.map_err(Error::io(|| format!("write {}", log.display())))?;
    let err = out
        .try_clone()
        .map_err(Error::io(|| format!("write {}", log.display())))?;
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.args)
        .envs(launch.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .process_group(0);
    if let Some(folder) = &launch.cwd {
        command.current_dir(folder);
    }
    become_user(&mut command, launch.run_as);
    tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .map_err(Error::io(|| format!("run {}", launch.program.display())))
}

/// Asks `check` until it agrees, the child ends, or `limit` has passed.
pub(crate) async fn wait_until_ready(
    launch: &Launch,
    child: &mut Child,
    log: &Path,
    limit: Duration,
    check: impl AsyncFn() -> Result<()>,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    let not_ready = |reason: String| Error::NotReady {
        what: launch.name,
        limit,
        reason,
        tail: tail(log),
    };
    loop {
        let Err(error) = check().await else {
            return Ok(());
        };
        let ended = child
            .try_wait()
            .map_err(Error::io(|| format!("watch {}", launch.name)))?;
        if let Some(status) = ended {
            return Err(not_ready(format!("it ended with {status}")));
        }
        if Instant::now() >= deadline {
            return Err(not_ready(error.to_string()));
        }
        sleep(POLL).await;
    }
}

/// The last lines of a log, or nothing when there is none.
pub(crate) fn tail(log: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(TAIL_BYTES_MAX)))?;
        let mut end = Vec::new();
        file.take(TAIL_BYTES_MAX).read_to_end(&mut end)?;
        Ok(end)
    };
    read()
        .map(|end| String::from_utf8_lossy(&end).into_owned())
        .unwrap_or_default()
}
