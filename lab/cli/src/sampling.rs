//! The lab's sampling strategies: one file, in the format of Jaeger's remote sampling, that the services read again
//! whenever it changes.

use std::{fs, io, path::PathBuf};

use anyhow::Context as _;

use crate::Lab;

/// What a new lab begins with: every trace is kept.
const INITIAL: &str = include_str!("../../../dashboards/jaeger/sampling.json");

/// Where the file is.
#[must_use]
pub fn file(lab: &Lab) -> PathBuf {
    lab.home.state.join("sampling.json")
}

/// Writes the file, unless somebody has made it theirs.
///
/// # Errors
/// The state folder cannot be written to.
pub fn prepare(lab: &Lab) -> anyhow::Result<()> {
    let file = file(lab);
    let new = fs::File::create_new(&file);
    match new.and_then(|mut new| io::Write::write_all(&mut new, INITIAL.as_bytes())) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.with_context(|| file.display().to_string()),
    }
}
