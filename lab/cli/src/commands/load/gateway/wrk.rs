//! One run of wrk, and what it prints: loadtest/reference/wrk.lua makes that one line of JSON.

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tokio::process::Command;

use super::{visitor::PATH, workshop::Workshop};

/// What wrk has measured; times are microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Measured {
    /// Answered.
    pub(super) requests: u64,
    pub(super) duration_us: u64,
    pub(super) p50_us: u64,
    pub(super) p95_us: u64,
    pub(super) p99_us: u64,
    /// Not answered: no connection, or a broken one, or no answer within wrk's two seconds.
    pub(super) broken: u64,
    /// Answered with 400 or more.
    pub(super) refused: u64,
}

/// Asks for some seconds over so many connections, each with one request under way.
///
/// # Errors
/// wrk cannot be run, or had nothing to measure.
pub(super) async fn ask(
    workshop: &Workshop,
    port: u16,
    connections: u32,
    seconds: u64,
    token: &str,
) -> anyhow::Result<Measured> {
    let output = Command::new(&workshop.wrk)
        .args(["--threads", "1", "--connections", &connections.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .arg("--script")
        .arg(&workshop.script)
        .arg(format!("http://127.0.0.1:{port}{PATH}"))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output()
        .await
        .context("run wrk")?;
    let (printed, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    ensure!(
        output.status.success(),
        "wrk failed ({}): {printed}{errors}",
        output.status
    );
    let measured = read(&printed).with_context(|| format!("wrk printed:\n{printed}{errors}"))?;
    ensure!(
        measured.requests > 0,
        "wrk got no answer at all:\n{printed}"
    );
    Ok(measured)
}

/// Our line comes after wrk's own words.
fn read(printed: &str) -> anyhow::Result<Measured> {
    let line = printed.lines().rev().find(|line| line.starts_with('{'));
    Ok(serde_json::from_str(line.context("no line of JSON")?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_our_script_is_found_among_wrks_own_words() {
        let printed = "Running 1s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\nTransfer/sec: 1.00MB\n\
            {\"requests\":2000,\"duration_us\":1000000,\"p50_us\":800,\"p95_us\":2000,\"p99_us\":3000,\"broken\":0,\"refused\":1}\n";
        let measured = read(printed).unwrap();
        assert_eq!(
            (measured.requests, measured.p95_us, measured.refused),
            (2000, 2000, 1)
        );
        assert!(read("unable to connect").is_err());
    }
}
