//! Starting a described process, killing it hard, and waiting for a condition with a limit.

use std::{
    future::Future,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use parts::Launch;
use tokio::process::{Child, Command};

const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Runs a part with its output in `<state>/<name>.log`; dropping it kills it.
pub(crate) fn start(state: &Path, launch: &Launch) -> Result<Child> {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(state.join(format!("{}.log", launch.name)))?;
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.args)
        .envs(launch.env.iter().cloned())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    if let Some(folder) = &launch.cwd {
        command.current_dir(folder);
    }
    if let Some(user) = launch.run_as {
        command.uid(user.uid).gid(user.gid);
    }
    command
        .spawn()
        .with_context(|| format!("run {}", launch.program.display()))
}

/// SIGKILL, and wait until the process is gone.
pub(crate) async fn kill_hard(mut child: Child) -> Result<()> {
    child.kill().await.context("kill -9")
}

/// Repeats `check` until it succeeds, and fails with its last error after half a minute.
pub(crate) async fn eventually<T, E, F>(check: impl Fn() -> F) -> Result<T>
where
    E: std::fmt::Display,
    F: Future<Output = Result<T, E>>,
{
    let deadline = Instant::now() + LIMIT;
    loop {
        match check().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > deadline => bail!("not within {LIMIT:?}: {error}"),
            Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}

/// A state folder that the server's user may enter, unlike the system's private temporary folders.
pub(crate) fn state() -> Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::Builder::new()
        .prefix("faultline-parts-")
        .permissions(std::fs::Permissions::from_mode(0o711))
        .tempdir()?;
    Ok(dir)
}
