//! Reading a process's log: its last lines.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::log_file;

/// Looked at from the end of the file; more than a screen of the longest lines.
const TAIL_BYTES: u64 = 256 * 1024;

/// The last `count` lines of the log at `path`; lines of the file before it are taken in when a
/// rotation has just happened. No log is no lines.
///
/// # Errors
/// When the file is there but cannot be read.
pub fn last_lines(path: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut lines = tail(path)?;
    if lines.len() < count {
        let mut past = tail(&log_file::rotated(path))?;
        past.append(&mut lines);
        lines = past;
    }
    Ok(lines.split_off(lines.len().saturating_sub(count)))
}

fn tail(path: &Path) -> io::Result<Vec<String>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // Unless it is the whole file, the first line has lost its beginning.
    Ok(text
        .lines()
        .skip(usize::from(start > 0))
        .map(str::to_owned)
        .collect())
}
