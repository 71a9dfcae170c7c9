//! The client's history: every operation as a line of JSON, for the auditor and for people with `jq`. What the client
//! does not know stays `unknown`; it never guesses.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
    sync::mpsc::{SyncSender, sync_channel},
    thread::JoinHandle,
};

use serde::Serialize;

/// Lines that may wait for the disk; then the load waits as well, for a line must not be lost.
const WAITING_MAX: usize = 65_536;

/// What became of an operation, as far as the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The shop said that it was done.
    Ok,
    /// The shop said that it was not done.
    Failed,
    /// No answer, or one that leaves it open: it may have been done.
    Unknown,
}

/// A line.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) at: String,
    pub(crate) took_ms: f64,
    pub(crate) scenario: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_status: Option<&'a str>,
    pub(crate) trace_id: &'a str,
}

/// Writes lines from a thread of its own, so that no request waits for the disk.
#[derive(Debug)]
pub struct History {
    lines: Option<SyncSender<String>>,
    writer: Option<JoinHandle<io::Result<()>>>,
}

impl History {
    /// A new file; one that is there is begun anew.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        let (lines, waiting) = sync_channel::<String>(WAITING_MAX);
        let writer = std::thread::spawn(move || {
            for line in waiting {
                writeln!(file, "{line}")?;
            }
            file.flush()
        });
        Ok(Self {
            lines: Some(lines),
            writer: Some(writer),
        })
    }

    pub(crate) fn write(&self, line: &Line<'_>) {
        let text = serde_json::to_string(line).expect("text and numbers");
        if let Some(lines) = &self.lines {
            // A writer that has died says why in `finish`.
            let _ = lines.send(text);
        }
    }

    /// Waits until everything is on disk.
    ///
    /// # Errors
    /// The disk was full, or gone.
    pub fn finish(mut self) -> io::Result<()> {
        drop(self.lines.take());
        let writer = self.writer.take().expect("it is finished once");
        writer
            .join()
            .map_err(|_| io::Error::other("the writer of the history panicked"))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_on_disk_when_it_is_finished() {
        let file = std::env::temp_dir().join(format!("history-{}", uuid::Uuid::now_v7()));
        let history = History::create(&file).unwrap();
        for status in 0..1_000 {
            history.write(&Line {
                at: String::new(),
                took_ms: 1.0,
                scenario: "buyer",
                endpoint: "POST /orders",
                outcome: Outcome::Ok,
                status: Some(status),
                fault: None,
                idempotency_key: None,
                order_id: None,
                order_status: None,
                trace_id: "t",
            });
        }
        history.finish().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(text.lines().count(), 1_000);
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!(
            (&last["status"], &last["outcome"]),
            (&999.into(), &"ok".into())
        );
    }
}
