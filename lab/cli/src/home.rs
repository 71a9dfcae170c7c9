//! Where a lab keeps its state, and the little it remembers between two commands.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::cli::Global;

/// This file makes a folder the repository's root.
const ROOT_MARK: &str = "lab/cli/Cargo.toml";

/// The folders a command works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The lab's state: data, logs, sockets, secrets. May not exist yet.
    pub state: PathBuf,
    /// The repository around the current folder, if there is one.
    pub repo: Option<PathBuf>,
}

impl Home {
    /// From the options and the current folder.
    ///
    /// # Errors
    /// When no state folder was named and there is no repository around us.
    pub fn find(global: &Global) -> anyhow::Result<Self> {
        let here = std::env::current_dir().context("the current folder is gone; cd elsewhere")?;
        Self::find_from(&here, global)
    }

    fn find_from(here: &Path, global: &Global) -> anyhow::Result<Self> {
        let repo = here.ancestors().find(|dir| dir.join(ROOT_MARK).is_file());
        let state = match (&global.home, repo) {
            (Some(home), _) => absolute(home)?,
            (None, Some(repo)) => repo.join(".faultline"),
            (None, None) => bail!(
                "{} is not inside a Faultline repository, so there is no lab to speak of here: \
                 cd into the repository, or name the lab's folder with --home DIR",
                here.display()
            ),
        };
        Ok(Self {
            state,
            repo: repo.map(Path::to_owned),
        })
    }

    /// The repository.
    ///
    /// # Errors
    /// When the command was called outside of one.
    pub fn repo(&self) -> anyhow::Result<&Path> {
        self.repo
            .as_deref()
            .context("this needs the repository's sources: cd into the repository")
    }

    /// Where the services' programs are.
    ///
    /// # Errors
    /// When no folder was named and there is no repository.
    pub fn bin_dir(&self, global: &Global) -> anyhow::Result<PathBuf> {
        match (&global.bin_dir, &self.repo) {
            (Some(dir), _) => Ok(absolute(dir)?),
            (None, Some(repo)) => Ok(repo.join("target/release")),
            (None, None) => {
                bail!("name the folder of the services' programs with --bin-dir DIR")
            }
        }
    }

    /// What the last `up` wrote down.
    #[must_use]
    pub fn memory(&self) -> Option<Memory> {
        let text = fs::read_to_string(self.memory_path()).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes it down.
    ///
    /// # Errors
    /// When the state folder cannot be written.
    pub fn remember(&self, memory: &Memory) -> anyhow::Result<()> {
        let path = self.memory_path();
        fs::create_dir_all(&self.state)
            .and_then(|()| fs::write(&path, serde_json::to_string(memory)?))
            .with_context(|| format!("write {}", path.display()))
    }

    fn memory_path(&self) -> PathBuf {
        self.state.join("lab.json")
    }

    /// Where the mail sink keeps its messages.
    #[must_use]
    pub fn mail(&self) -> PathBuf {
        self.state.join("mail")
    }

    /// Where the alert sink keeps what was delivered.
    #[must_use]
    pub fn alerts(&self) -> PathBuf {
        self.state.join("alerts.jsonl")
    }
}

/// What a lab remembers, so that later commands need no options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Its base port.
    pub base_port: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> tempfile::TempDir {
        let repo = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(repo.path().join("lab/cli")).expect("made");
        fs::create_dir_all(repo.path().join("services/order/src")).expect("made");
        fs::write(repo.path().join(ROOT_MARK), "").expect("written");
        repo
    }

    #[test]
    fn the_state_is_found_from_any_folder_of_the_repository() {
        let repo = repository();
        let deep = repo.path().join("services/order/src");
        let home = Home::find_from(&deep, &Global::default()).expect("found");
        assert_eq!(home.state, repo.path().join(".faultline"));
        let bins = home.bin_dir(&Global::default()).expect("known");
        assert_eq!(bins, repo.path().join("target/release"));
    }

    #[test]
    fn outside_of_a_repository_the_error_says_what_to_do() {
        let elsewhere = tempfile::tempdir().expect("a folder");
        let error = Home::find_from(elsewhere.path(), &Global::default()).expect_err("none");
        assert!(error.to_string().contains("--home DIR"), "{error}");
    }

    #[test]
    fn a_named_home_wins() {
        let repo = repository();
        let global = Global {
            home: Some("/somewhere/else".into()),
            ..Global::default()
        };
        let home = Home::find_from(repo.path(), &global).expect("found");
        assert_eq!(home.state, Path::new("/somewhere/else"));
    }

    #[test]
    fn what_is_remembered_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home {
            state: folder.path().join("new"),
            repo: None,
        };
        assert_eq!(home.memory(), None);
        home.remember(&Memory { base_port: 12_000 })
            .expect("written");
        assert_eq!(home.memory(), Some(Memory { base_port: 12_000 }));
    }
}
