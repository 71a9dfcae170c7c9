//! A folder that one test run has for itself, so that two runs side by side do not meet.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Error, Result, pidfile, postgres};

/// More runs at once than this on one machine is a mistake.
const SLOTS_MAX: u32 = 16;
const SWEEP_PATIENCE: Duration = Duration::from_secs(5);

/// A locked folder, empty at first; the lock ends with the process, however it ends.
#[derive(Debug)]
pub(super) struct Slot {
    state: PathBuf,
    run: PathBuf,
    _lock: File,
}

impl Slot {
    /// Takes the first folder below `dir` that no living process has, and clears what a dead one left there.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let naming = |what: &str| format!("{what} {}", dir.display());
        fs::create_dir_all(dir).map_err(Error::io(|| naming("create")))?;
        let dir = dir
            .canonicalize()
            .map_err(Error::io(|| naming("resolve")))?;
        for number in 0..SLOTS_MAX {
            let lock = File::create(dir.join(format!("{number}.lock")));
            let lock = lock.map_err(Error::io(|| naming("lock a folder in")))?;
            if lock.try_lock().is_ok() {
                let slot = Self {
                    state: dir.join(number.to_string()),
                    run: dir.join(format!("{number}.run")),
                    _lock: lock,
                };
                slot.clear()?;
                fs::create_dir_all(&slot.state)
                    .and_then(|()| fs::create_dir_all(&slot.run))
                    .map_err(Error::io(|| naming("create a folder in")))?;
                return Ok(slot);
            }
        }
        Err(Error::Invalid(format!(
            "{SLOTS_MAX} test runs already use {}",
            dir.display()
        )))
    }

    /// Where the parts keep their data.
    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// Where the pid files are.
    pub(super) fn run(&self) -> &Path {
        &self.run
    }

    /// The log of the part `name`.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.run.join(format!("{name}.log"))
    }

    /// Removes everything, once nothing runs any more.
    pub(super) fn release(self) -> Result<()> {
        self.clear()
    }

    fn clear(&self) -> Result<()> {
        pidfile::sweep(&self.run, SWEEP_PATIENCE)?;
        if self.state.exists() {
            postgres::remove(&postgres::place(&self.state)?)?;
        }
        for folder in [&self.run, &self.state] {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(|| format!("remove {}", folder.display()))(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
