//! Where a supervisor keeps its files. Only paths: nothing here knows what is written to them.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The folders below a state folder. The path is absolute and free of symbolic links, so that two
/// spellings of one folder are one lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirs {
    state: PathBuf,
}

impl Dirs {
    /// Makes the folders that are missing. `run` is for the owner alone: whoever can reach the
    /// control socket in it can stop the lab.
    ///
    /// # Errors
    /// When a folder cannot be made, with its path in the message.
    pub fn create(state: &Path) -> io::Result<Self> {
        make(state)?;
        let dirs = Self {
            state: state.canonicalize()?,
        };
        make(&dirs.logs())?;
        make(&dirs.run())?;
        fs::set_permissions(dirs.run(), fs::Permissions::from_mode(0o700))?;
        Ok(dirs)
    }

    /// The folders of a state that exists already.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn existing(state: &Path) -> io::Result<Self> {
        Ok(Self {
            state: state.canonicalize()?,
        })
    }

    /// The state folder itself.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// One `NAME.log` for each process.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// Pid files, the lock and the control socket.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.state.join("run")
    }

    /// The log of the process `name`.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }
}

fn make(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
