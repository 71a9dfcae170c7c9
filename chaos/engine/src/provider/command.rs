//! A process: its status and what it printed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::timeout;

use super::{BYTES_MAX, TIME_MAX};

/// A process that can be started.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    program: PathBuf,
    words: Vec<String>,
    time_max: Duration,
    variables: BTreeMap<String, String>,
}

impl Command {
    pub(crate) fn new(program: PathBuf, words: Vec<String>) -> Self {
        Self {
            program,
            words,
            time_max: TIME_MAX,
            variables: BTreeMap::new(),
        }
    }

    pub(crate) fn within(mut self, limit: Option<Duration>) -> Self {
        self.time_max = limit.unwrap_or(TIME_MAX);
        self
    }

    pub(crate) fn with_variables(mut self, variables: BTreeMap<String, String>) -> Self {
        self.variables = variables;
        self
    }

    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// `{status, stdout, stderr}`. Whatever the status, the process was run.
    ///
    /// # Errors
    /// It cannot be started, or does not end in time; then it is killed.
    pub(crate) async fn run(&self) -> Result<Value, String> {
        let program = self.program.display();
        let mut child = tokio::process::Command::new(&self.program)
            .args(&self.words)
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{program} cannot be started: {error}"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let ended = async {
            let (stdout, stderr) = tokio::join!(text(stdout), text(stderr));
            (child.wait().await, stdout, stderr)
        };
        let limit = self.time_max;
        let ended = timeout(limit, ended).await;
        let (status, stdout, stderr) =
            ended.map_err(|_| format!("{program} did not end within {} s", limit.as_secs_f64()))?;
        let status = status.map_err(|error| format!("{program}: {error}"))?;
        // Ended by a signal: the negative number of it, as Python has it.
        let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|number| -number);
        let status = status.code().or(signal);
        Ok(json!({ "status": status, "stdout": stdout, "stderr": stderr }))
    }
}

/// Reads to the end, keeps the beginning.
async fn text(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut pipe) = pipe else {
        return String::new();
    };
    let mut kept = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = pipe.read(&mut chunk).await {
        let room = BYTES_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..count.min(room)]);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Command {
        Command::new("sh".into(), vec!["-c".to_owned(), line.to_owned()])
    }

    #[tokio::test]
    async fn status_and_output_are_told() {
        let found = shell("echo out; echo err >&2; exit 3").run().await;
        assert_eq!(
            found,
            Ok(json!({"status": 3, "stdout": "out\n", "stderr": "err\n"}))
        );
        let killed = shell("kill -9 $$").run().await.unwrap();
        assert_eq!(killed["status"], -9);
    }

    #[tokio::test]
    async fn what_does_not_end_or_begin_fails() {
        let slow = shell("sleep 60").within(Some(Duration::from_millis(50)));
        assert!(slow.run().await.unwrap_err().contains("did not end within"));
        let none = Command::new("/does/not/exist".into(), Vec::new());
        assert!(none.run().await.unwrap_err().contains("cannot be started"));
    }

    #[tokio::test]
    async fn output_without_end_is_cut_off() {
        let found = shell("head -c 3000000 /dev/zero").run().await.unwrap();
        assert_eq!(found["stdout"].as_str().unwrap().len(), BYTES_MAX);
    }
}
