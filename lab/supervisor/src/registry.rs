//! What is running for a state folder, written down so that the next supervisor can clear away
//! what a dead one left behind. A process is known by its id *and* its birth: an id that the
//! system has given to somebody else since is never touched.
//!
//! Not here: stopping gracefully. A leftover is killed; all that a lab runs survives that by
//! design.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::proc_table::{self, ProcTable};
use crate::{Dirs, Error, signals};

/// Set in every child's environment to the state folder: finds, where the system lets us look,
/// even a grandchild whose parents are gone.
pub(crate) const MARKER: &str = "FAULTLINE_SUPERVISED_IN";
/// How long killed processes may take to disappear.
const GONE_LIMIT: Duration = Duration::from_secs(5);

/// One line of the registry: the content of a pid file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The process's name in the lab.
    pub name: String,
    /// Its process id.
    pub pid: i32,
    /// Its birth token, see [`proc_table::Entry::birth`].
    pub birth: String,
}

/// Proof that this process owns the state folder. The system takes it back when the process
/// ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the state folder.
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`] when a live supervisor holds it.
    pub fn acquire(dirs: &Dirs) -> Result<Self, Error> {
        let path = lock_path(dirs);
        let doing = || format!("lock {}", path.display());
        let mut options = File::options();
        let mut file = options
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io(doing()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(already_running(dirs, &mut file)),
            Err(TryLockError::Error(error)) => return Err(Error::io(doing())(error)),
        }
        write_owner(&mut file).map_err(Error::io(doing()))?;
        Ok(Self { _file: file })
    }
}

fn lock_path(dirs: &Dirs) -> PathBuf {
    dirs.run().join("supervisor.lock")
}

fn already_running(dirs: &Dirs, file: &mut File) -> Error {
    let pid = read_owner(file).map_or(0, |owner| owner.pid);
    Error::AlreadyRunning {
        state: dirs.state().to_owned(),
        pid,
    }
}

fn write_owner(file: &mut File) -> io::Result<()> {
    let pid = own_pid();
    let birth = proc_table::birth_of(pid)?.unwrap_or_default();
    let owner = Record {
        name: "supervisor".into(),
        pid,
        birth,
    };
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(&owner)?.as_bytes())
}

fn read_owner(file: &mut File) -> Option<Record> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The live supervisor of a state folder; none when nobody holds it.
#[must_use]
pub fn owner(dirs: &Dirs) -> Option<Record> {
    let mut file = File::open(lock_path(dirs)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => read_owner(&mut file),
        _ => None,
    }
}

/// Writes the pid file of a child that has just been started.
pub(crate) fn write(dirs: &Dirs, name: &str, pid: i32) -> io::Result<()> {
    // A child that is gone already leaves nothing to sweep.
    let Some(birth) = proc_table::birth_of(pid)? else {
        return Ok(());
    };
    let record = Record {
        name: name.to_owned(),
        pid,
        birth,
    };
    let path = pid_path(dirs, name);
    let fresh = path.with_extension("pid.new");
    fs::write(&fresh, serde_json::to_string(&record)?)?;
    fs::rename(fresh, path)
}

/// Removes the pid file of a child that has ended.
pub(crate) fn remove(dirs: &Dirs, name: &str) {
    let _ = fs::remove_file(pid_path(dirs, name));
}

fn pid_path(dirs: &Dirs, name: &str) -> PathBuf {
    dirs.run().join(format!("{name}.pid"))
}

/// Kills what a dead supervisor left below `state`, with everything those processes started, and
/// waits until it is gone. Answers what it found alive. A folder that is no state is nothing to
/// sweep.
///
/// # Errors
/// [`Error::AlreadyRunning`] when the supervisor is alive: it is to be asked, not swept.
pub fn sweep(state: &Path) -> Result<Vec<Record>, Error> {
    let Ok(dirs) = Dirs::existing(state) else {
        return Ok(Vec::new());
    };
    if !dirs.run().is_dir() {
        return Ok(Vec::new());
    }
    let _lock = Lock::acquire(&dirs)?;
    sweep_locked(&dirs)
}

/// As [`sweep`], for the one who holds the lock.
pub(crate) fn sweep_locked(dirs: &Dirs) -> Result<Vec<Record>, Error> {
    let records = records(dirs).map_err(Error::io("read the pid files"))?;
    let table = ProcTable::read().map_err(Error::io("read the process table"))?;
    let leftovers = leftovers(dirs, &records, &table);
    kill_and_wait(&table, &leftovers)?;
    for record in &records {
        remove(dirs, &record.name);
    }
    Ok(leftovers
        .into_iter()
        .filter_map(|pid| table.get(pid))
        .map(|entry| Record {
            name: name_of(&records, entry.pid)
                .unwrap_or(&entry.name)
                .to_owned(),
            pid: entry.pid,
            birth: entry.birth.clone(),
        })
        .collect())
}

fn name_of(records: &[Record], pid: i32) -> Option<&str> {
    records
        .iter()
        .find(|record| record.pid == pid)
        .map(|record| record.name.as_str())
}

fn records(dirs: &Dirs) -> io::Result<Vec<Record>> {
    let mut records = Vec::new();
    for file in fs::read_dir(dirs.run())? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "pid") {
            records.extend(serde_json::from_str::<Record>(&fs::read_to_string(path)?).ok());
        }
    }
    Ok(records)
}

/// The trees below every recorded process that still is the one recorded, and whatever carries
/// this state's marker.
fn leftovers(dirs: &Dirs, records: &[Record], table: &ProcTable) -> BTreeSet<i32> {
    let recorded = records
        .iter()
        .filter(|record| table.is_alive(record.pid, &record.birth))
        .map(|record| record.pid);
    let marked = table
        .iter()
        .map(|entry| entry.pid)
        .filter(|pid| carries_marker(*pid, dirs));
    let mut all: BTreeSet<i32> = recorded
        .chain(marked)
        .flat_map(|root| table.tree(root))
        .collect();
    all.remove(&own_pid());
    all
}

fn carries_marker(pid: i32, dirs: &Dirs) -> bool {
    let Ok(environ) = fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    let wanted = format!("{MARKER}={}", dirs.state().display());
    environ
        .split(|byte| *byte == 0)
        .any(|variable| variable == wanted.as_bytes())
}

fn kill_and_wait(seen: &ProcTable, pids: &BTreeSet<i32>) -> Result<(), Error> {
    for &pid in pids {
        signals::one(pid, Signal::SIGKILL);
    }
    let since = Instant::now();
    loop {
        let now = ProcTable::read().map_err(Error::io("read the process table"))?;
        let alive = |pid: &&i32| {
            seen.get(**pid)
                .is_some_and(|e| now.is_alive(e.pid, &e.birth))
        };
        let Some(stubborn) = pids.iter().find(alive) else {
            return Ok(());
        };
        if since.elapsed() > GONE_LIMIT {
            let what = format!("kill the leftover process {stubborn}: it does not go away");
            return Err(Error::io(what)(io::ErrorKind::TimedOut.into()));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn own_pid() -> i32 {
    i32::try_from(std::process::id()).expect("a process id fits into pid_t")
}
