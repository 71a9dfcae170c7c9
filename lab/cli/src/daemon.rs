//! The lab in the background: this program starts itself once more, in a session of its own, with
//! its output in the supervisor's log.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use supervisor::{Boot, Dirs, Phase, control, logs};

use crate::cli::Global;
use crate::home::Home;
use crate::progress::BootView;

/// The log of the lab's own process, below `logs/`.
pub const LOG_NAME: &str = "supervisor";
/// The option with which the background process knows what it is.
pub const DAEMON_FLAG: &str = "--in-background";
/// How often the waiting parent looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A log past this size makes room for a new one when a lab starts.
const LOG_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// As much of the log as is shown when the start failed without a word.
const LOG_LINES_SHOWN: usize = 15;

/// A lab that was started in the background.
#[derive(Debug)]
pub struct Background {
    child: Child,
    dirs: Dirs,
    log_bytes_before: u64,
}

/// How its start ended.
#[derive(Debug)]
pub enum Started {
    /// A customer could buy now.
    Ready,
    /// It has stopped again; in full words.
    Failed(String),
}

impl Background {
    /// Starts it.
    ///
    /// # Errors
    /// When this program cannot be started again or the log cannot be written.
    pub fn start(home: &Home, global: &Global, no_proof: bool) -> anyhow::Result<Self> {
        let dirs = Dirs::create(&home.state)
            .with_context(|| format!("make the state folder {}", home.state.display()))?;
        let path = dirs.log(LOG_NAME);
        if fs::metadata(&path).is_ok_and(|log| log.len() > LOG_BYTES_MAX) {
            fs::rename(&path, path.with_extension("log.1"))?;
        }
        let log = File::options().create(true).append(true).open(&path)?;
        let log_bytes_before = log.metadata()?.len();
        // What an earlier start died of is not what this one dies of.
        let _ = fs::remove_file(failure_path(&dirs));
        let program = std::env::current_exe().context("find this program again")?;
        let child = Command::new(program)
            .args(arguments(home, global))
            .args(no_proof.then_some("--no-proof"))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start the lab in the background")?;
        Ok(Self {
            child,
            dirs,
            log_bytes_before,
        })
    }

    /// Shows its start until that has ended one way or the other.
    ///
    /// # Errors
    /// When the child cannot be watched.
    pub async fn wait(&mut self, view: &mut BootView) -> anyhow::Result<Started> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Started::Failed(self.why(status)));
            }
            if let Some(boot) = self.look().await {
                view.show(&boot);
                if boot.phase == Phase::Ready {
                    return Ok(Started::Ready);
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Errors
    /// When the child cannot be watched.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).context("a process id fits into pid_t")?;
        // It is our child and not waited for yet, so the id is still its own.
        kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        while self.child.try_wait()?.is_none() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn look(&self) -> Option<Boot> {
        control::Client::of(&self.dirs).ok()?.boot().await.ok()
    }

    fn why(&self, status: ExitStatus) -> String {
        if let Ok(failure) = fs::read_to_string(failure_path(&self.dirs)) {
            return failure;
        }
        let path = self.dirs.log(LOG_NAME);
        let grown = fs::metadata(&path).is_ok_and(|log| log.len() > self.log_bytes_before);
        let lines = logs::last_lines(&path, LOG_LINES_SHOWN).unwrap_or_default();
        if grown && !lines.is_empty() {
            return lines.join("\n");
        }
        format!(
            "it ended without a word ({status}); its log is {}",
            path.display()
        )
    }
}

/// Leaves the reason of a failed start for the one who waits: a process that ends can say no more
/// than its exit code.
///
/// # Errors
/// When the state folder cannot be written.
pub fn leave_reason(dirs: &Dirs, why: &str) -> io::Result<()> {
    fs::write(failure_path(dirs), why)
}

fn failure_path(dirs: &Dirs) -> PathBuf {
    dirs.run().join("failed-start.txt")
}

fn arguments(home: &Home, global: &Global) -> Vec<String> {
    let mut arguments = vec!["--home".to_owned(), home.state.display().to_string()];
    if let Some(wish) = global.base_port {
        arguments.extend(["--base-port".to_owned(), wish.to_string()]);
    }
    if let Ok(bin_dir) = home.bin_dir(global) {
        arguments.extend(["--bin-dir".to_owned(), bin_dir.display().to_string()]);
    }
    if let Some(endpoint) = &global.otlp_endpoint {
        arguments.extend(["--otlp-endpoint".to_owned(), endpoint.clone()]);
    }
    arguments.extend(global.postgres_edges.then(|| "--postgres-edges".to_owned()));
    arguments.extend(["up".to_owned(), DAEMON_FLAG.to_owned()]);
    arguments
}
