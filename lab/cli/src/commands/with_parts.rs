//! `faultline with-parts -- CMD…`: a command with PostgreSQL, Redis, broker and mail sink of its
//! own, on ports that the system chose, gone afterwards.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Instant;

use anyhow::Context;
use parts::for_tests::TestParts;
use supervisor::{Dirs, registry};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Global;
use crate::commands::down;
use crate::home::Home;
use crate::progress::spinner;
use crate::{Verdict, term};

/// What `--help` says.
pub const HELP: &str = "Run a command with parts of its own to test on: \
    faultline with-parts -- cargo test --workspace\n\n\
    It finds them in TEST_DATABASE_URL (a superuser's), TEST_REDIS_URL, TEST_KAFKA_BROKERS, \
    TEST_SMTP_ADDR and TEST_MAIL_DIR. Labs that it starts below TEST_LABS_DIR are stopped \
    afterwards. Its exit code is passed through; 128 + n when signal n ended it.";

/// Options of `with-parts`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The command and its arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "CMD"
    )]
    pub command: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// When the parts do not start or the command cannot be run.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let dir = Home::find(global)?.state.join("tests");
    let labs = dir.join(format!("labs-{}", std::process::id()));
    fs::create_dir_all(&labs).with_context(|| format!("make {}", labs.display()))?;
    // From here on a signal to us ends the command, not the cleaning up after it.
    let mut signals = ToChild::listen()?;
    let parts = start(&dir).await?;
    let ended = run_command(&args.command, &parts, &labs, &mut signals).await;
    clear_labs(&labs).await?;
    parts.stop().await.context("stop the test parts")?;
    Ok(Verdict::Of(exit_code(ended?)))
}

async fn start(dir: &Path) -> anyhow::Result<TestParts> {
    let since = Instant::now();
    let bar = spinner();
    bar.set_message("starting PostgreSQL, Redis and the broker for the tests");
    let parts = TestParts::start(dir).await;
    bar.finish_and_clear();
    let parts = parts.context("start the parts that the tests run on")?;
    let took = since.elapsed().as_secs_f64();
    term::note(format!(
        "PostgreSQL, Redis, broker and mail sink for the tests: {took:.1} s"
    ));
    Ok(parts)
}

async fn run_command(
    command: &[String],
    parts: &TestParts,
    labs: &Path,
    signals: &mut ToChild,
) -> anyhow::Result<ExitStatus> {
    let (program, arguments) = command.split_first().context("no command was given")?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(
            parts
                .environment()
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .env("TEST_LABS_DIR", labs)
        .spawn()
        .with_context(|| format!("run {program}"))?;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            () = signals.forward(pid) => {}
        }
    }
}

/// Signals that are the command's to obey. Ctrl-C reaches it from the terminal by itself; a
/// SIGTERM is sent to us alone and passed on.
struct ToChild {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl ToChild {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn forward(&mut self, pid: Option<i32>) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {
                if let Some(pid) = pid {
                    let pid = nix::unistd::Pid::from_raw(pid);
                    // It may have ended in this very moment.
                    let _ = nix::sys::signal::kill(pid, nix::sys::signal::SIGTERM);
                }
            }
        }
    }
}

/// Stops and sweeps every lab that a test has left below `labs`, then removes the folder.
async fn clear_labs(labs: &Path) -> anyhow::Result<()> {
    for lab in fs::read_dir(labs)?.flatten() {
        let state = lab.path();
        let Ok(dirs) = Dirs::existing(&state) else {
            continue;
        };
        down::stop(&dirs).await?;
        let swept = tokio::task::spawn_blocking(move || registry::sweep(&state)).await??;
        for leftover in swept {
            term::note(format!("killed a leftover of a test: {}", leftover.name));
        }
    }
    fs::remove_dir_all(labs).with_context(|| format!("remove {}", labs.display()))
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_is_passed_on_and_a_signal_becomes_one() {
        assert_eq!(exit_code(ExitStatus::from_raw(3 << 8)), 3);
        assert_eq!(exit_code(ExitStatus::from_raw(9)), 137);
    }
}
