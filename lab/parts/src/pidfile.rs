//! Pid files that cannot name the wrong process: they hold the process' start time beside its number.
//!
//! For what a test run leaves behind when it is killed. The lab itself has its supervisor's registry.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Error, Result};

const SUFFIX: &str = "pid";
const POLL: Duration = Duration::from_millis(20);

/// Notes that `name` runs as `pid` and which signal ends it quickest, in the folder `run`.
pub(crate) fn record(run: &Path, name: &str, pid: u32, quickest: Signal) -> Result<()> {
    let path = run.join(name).with_extension(SUFFIX);
    let started = started(pid).unwrap_or_default();
    fs::write(&path, format!("{pid} {quickest} {started}\n"))
        .map_err(Error::io(|| format!("write {}", path.display())))
}

/// Ends every process that is noted in `run` and still the one that was noted, then removes the notes: first with
/// the signal of its note, after `patience` with SIGKILL.
pub(crate) fn sweep(run: &Path, patience: Duration) -> Result<()> {
    let Ok(entries) = fs::read_dir(run) else {
        return Ok(());
    };
    let notes: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == SUFFIX)
        })
        .collect();
    let alive: Vec<Noted> = notes.iter().filter_map(|path| Noted::read(path)).collect();
    for noted in &alive {
        noted.signal(noted.quickest);
    }
    let deadline = Instant::now() + patience;
    while alive.iter().any(Noted::is_alive) && Instant::now() < deadline {
        std::thread::sleep(POLL);
    }
    for noted in &alive {
        noted.signal(Signal::SIGKILL);
    }
    notes
        .iter()
        .try_for_each(fs::remove_file)
        .map_err(Error::io(|| format!("clear {}", run.display())))
}

/// A process as its note describes it.
struct Noted {
    pid: u32,
    quickest: Signal,
    started: String,
}

impl Noted {
    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut words = text.trim().splitn(3, ' ');
        let noted = Self {
            pid: words.next()?.parse().ok()?,
            quickest: words.next()?.parse().ok()?,
            started: words.next()?.to_owned(),
        };
        Some(noted).filter(Self::is_alive)
    }

    fn is_alive(&self) -> bool {
        started(self.pid).is_some_and(|started| started == self.started)
    }

    fn signal(&self, signal: Signal) {
        if let Ok(pid) = i32::try_from(self.pid)
            && self.is_alive()
        {
            // It may have ended between the two lines; then there is nothing left to do.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

/// When the process started, in words that are equal only for the same process; none when it is gone or a zombie.
fn started(pid: u32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        return fs::read_to_string(format!("/proc/{pid}/stat"))
            .ok()
            .and_then(|stat| parse_stat(&stat));
    }
    let asked = Command::new("ps")
        .args(["-o", "lstart=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&asked.stdout).trim().to_owned()).filter(|text| !text.is_empty())
}

/// Field 22 of proc(5)'s stat, unless field 3 says zombie. The second field may itself hold spaces and brackets.
fn parse_stat(stat: &str) -> Option<String> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?;
    (state != "Z").then(|| started.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> std::process::Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    #[test]
    fn a_noted_process_is_ended_by_the_sweep() {
        let run = tempfile::tempdir().unwrap();
        let mut child = sleeper();
        record(run.path(), "sleeper", child.id(), Signal::SIGTERM).unwrap();
        sweep(run.path(), Duration::from_secs(5)).unwrap();
        assert!(!child.wait().unwrap().success());
        assert_eq!(fs::read_dir(run.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_recycled_pid_is_left_alone() {
        let run = tempfile::tempdir().unwrap();
        let mut child = sleeper();
        fs::write(
            run.path().join("other.pid"),
            format!("{} SIGTERM 1\n", child.id()),
        )
        .unwrap();
        sweep(run.path(), Duration::from_secs(5)).unwrap();
        assert!(
            child.try_wait().unwrap().is_none(),
            "the innocent process was ended"
        );
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_command_name_with_brackets_does_not_confuse_the_fields() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 11 12";
        assert_eq!(parse_stat(stat).as_deref(), Some("987654"));
        assert_eq!(parse_stat(&stat.replace(") S", ") Z")), None);
    }
}
