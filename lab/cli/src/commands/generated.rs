//! Files that are made from others and checked in: written when they have to be, or only compared.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::term;

/// One such file.
pub(super) struct Generated<'a> {
    /// Its path in the repository.
    pub(super) name: String,
    /// What it is made from, by its path.
    pub(super) source: &'a str,
    /// What makes it.
    pub(super) command: &'a str,
    /// What it has to hold.
    pub(super) text: String,
}

impl Generated<'_> {
    /// Writes the file if it has to be, and with `check` only says so. Was it right already?
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn settle(&self, repo: &Path, check: bool) -> anyhow::Result<bool> {
        let (name, path) = (&self.name, repo.join(&self.name));
        let same = fs::read_to_string(&path).is_ok_and(|found| found == self.text);
        match (same, check) {
            (true, _) => term::out(format!("{name} is up to date")),
            (false, true) => term::out(format!(
                "{name} differs from what {} says: run `{}`",
                self.source, self.command
            )),
            (false, false) => {
                let folder = path.parent().unwrap_or(repo);
                fs::create_dir_all(folder)
                    .and_then(|()| fs::write(&path, &self.text))
                    .with_context(|| format!("write {}", path.display()))?;
                term::out(format!("{name} written"));
            }
        }
        Ok(same)
    }
}
