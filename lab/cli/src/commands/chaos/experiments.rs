//! Experiments by name: one's own in the repository first, then those that were compiled in; or any file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use engine::experiment::BYTES_MAX;
use engine::shipped::SHIPPED;

use crate::nearest::hint;

/// Where people put theirs.
pub(super) const FOLDER: &str = "chaos/experiments";

/// A file and what stands in it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// What reports call it.
    pub(super) name: String,
    /// What mistakes name.
    pub(super) file: String,
    pub(super) text: String,
}

/// The experiment that `wish` names.
///
/// # Errors
/// There is none, with the nearest name, or the file cannot be read.
pub(super) fn find(wish: &str, repo: Option<&Path>) -> anyhow::Result<Source> {
    let path = Path::new(wish);
    let is_file = wish.contains('/') || path.extension().is_some();
    if is_file {
        return read(path);
    }
    let own = repo.map(|repo| repo.join(FOLDER).join(format!("{wish}.yaml")));
    if let Some(file) = own.filter(|file| file.is_file()) {
        return read(&file);
    }
    if let Some((name, text)) = SHIPPED.iter().find(|(name, _)| *name == wish) {
        return Ok(Source {
            name: (*name).to_owned(),
            file: format!("{FOLDER}/{name}.yaml"),
            text: (*text).to_owned(),
        });
    }
    let names = SHIPPED.iter().map(|(name, _)| *name);
    bail!(
        "there is no experiment {wish:?}{} (`faultline chaos list` shows them)",
        hint(wish, names)
    )
}

fn read(path: &Path) -> anyhow::Result<Source> {
    let file = path.display().to_string();
    let size = fs::metadata(path).with_context(|| file.clone())?.len();
    if size > BYTES_MAX as u64 {
        bail!("{file} has {size} bytes; an experiment has at most {BYTES_MAX}");
    }
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    Ok(Source {
        name: PathBuf::from(stem).display().to_string(),
        text: fs::read_to_string(path).with_context(|| file.clone())?,
        file,
    })
}

/// Those that are shipped and those of the repository, by name.
pub(super) fn names(repo: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let entries = repo.and_then(|repo| fs::read_dir(repo.join(FOLDER)).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|kind| kind == "yaml")
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            && !names.iter().any(|name| name == stem)
        {
            names.push(stem.to_owned());
        }
    }
    names
}
