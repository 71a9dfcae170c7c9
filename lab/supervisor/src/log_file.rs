//! A log that cannot fill the disk: past its limit it becomes `NAME.log.1`, replacing the one
//! before, and a new file begins. Lines stay whole.
//!
//! The output arrives through a pipe and not by handing the file to the child: only so can the
//! file change under a program that knows nothing of it, without losing a line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::path::{Path, PathBuf};
use std::thread;

/// Two files of this size for each process: enough for hours of a calm lab and for the minutes
/// around a fault under load.
pub(crate) const BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Copied at a time; memory stays bounded whatever a program prints.
const CHUNK_BYTES: usize = 16 * 1024;

#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
}

impl LogFile {
    /// Opens the log for appending.
    pub(crate) fn open(path: &Path, bytes_max: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            bytes,
            bytes_max,
        })
    }

    /// Appends `chunk`. Begins a new file first when a line has just ended and the next chunks might
    /// not fit, or when this one does not fit, line or no line.
    fn append(&mut self, chunk: &[u8], at_line_start: bool) -> io::Result<()> {
        let bytes = chunk.len() as u64;
        let room = self.bytes_max.saturating_sub(self.bytes);
        let wanted = if at_line_start {
            bytes.max(2 * CHUNK_BYTES as u64)
        } else {
            bytes
        };
        if self.bytes > 0 && wanted > room {
            fs::rename(&self.path, rotated(&self.path))?;
            *self = Self::open(&self.path, self.bytes_max)?;
        }
        self.file.write_all(chunk)?;
        self.bytes += bytes;
        Ok(())
    }
}

/// Where the past of the log `path` is.
pub(crate) fn rotated(path: &Path) -> PathBuf {
    path.with_extension("log.1")
}

/// Copies a child's output into its log until the last writer is gone. An own thread: reading a
/// pipe is all it does, and a busy runtime must never make a child wait for its log.
pub(crate) fn pump(name: &str, source: PipeReader, mut log: LogFile) -> io::Result<()> {
    let thread_name = format!("log {name}");
    thread::Builder::new()
        .name(thread_name)
        .stack_size(64 * 1024)
        .spawn(move || {
            let mut source = BufReader::with_capacity(CHUNK_BYTES, source);
            let mut at_line_start = true;
            loop {
                let (used, ends_line) = match source.fill_buf() {
                    Ok([]) | Err(_) => return,
                    Ok(chunk) => {
                        let line_end = chunk.iter().rposition(|byte| *byte == b'\n');
                        let whole = &chunk[..line_end.map_or(chunk.len(), |end| end + 1)];
                        // A full disk must not stop the child: what cannot be kept is dropped.
                        let _ = log.append(whole, at_line_start);
                        (whole.len(), line_end.is_some())
                    }
                };
                source.consume(used);
                at_line_start = ends_line;
            }
        })?;
    Ok(())
}
