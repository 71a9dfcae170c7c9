//! Files that are made from the code and checked in, in the folder `contracts`.

use std::{fs, io, path::Path};

use anyhow::Context as _;
use serde_json::Value;

/// A file as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path below `contracts`.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl File {
    /// A document, members sorted, so that a difference in a review is a difference in meaning.
    pub fn json(path: impl Into<String>, document: &Value) -> Self {
        Self {
            path: path.into(),
            text: format!("{document:#}\n"),
        }
    }

    /// Whether the file in `contracts` says the same.
    ///
    /// # Errors
    /// A file that is there but cannot be read.
    pub fn is_current(&self, contracts: &Path) -> anyhow::Result<bool> {
        match fs::read_to_string(contracts.join(&self.path)) {
            Ok(text) => Ok(text == self.text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("read {}", self.path)),
        }
    }

    /// Writes it into `contracts`.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&self, contracts: &Path) -> anyhow::Result<()> {
        let path = contracts.join(&self.path);
        let folder = path.parent().context("a path below contracts")?;
        fs::create_dir_all(folder)?;
        fs::write(&path, &self.text).with_context(|| format!("write {}", self.path))
    }
}

/// A document that is checked in; `None` if it is not.
///
/// # Errors
/// A file that cannot be read, or is not JSON.
pub fn read(contracts: &Path, path: &str) -> anyhow::Result<Option<Value>> {
    match fs::read(contracts.join(path)) {
        Ok(text) => Ok(Some(
            serde_json::from_slice(&text).with_context(|| format!("{path} is not JSON"))?,
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {path}")),
    }
}
