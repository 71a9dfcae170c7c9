//! The process table from `ps`, for systems without `/proc` (macOS). Written in the options that
//! the ps of macOS and of Linux share, so that it is tested on both.

use std::io;
use std::process::Command;

use super::Entry;

pub(super) fn read() -> io::Result<Vec<Entry>> {
    let output = Command::new("ps")
        .env("LC_ALL", "C")
        .args(["-axo", "pid=,ppid=,pgid=,stat=,lstart=,comm="])
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(parse)
        .collect())
}

/// `PID PPID PGID STAT Fri Nov 20 10:11:12 2026 NAME`; the name may hold blanks.
fn parse(line: &str) -> Option<Entry> {
    let mut rest = line;
    let mut word = || {
        let (word, tail) = rest.trim_start().split_once(' ')?;
        rest = tail;
        Some(word)
    };
    let (pid, ppid, pgid) = (word()?, word()?, word()?);
    let stat = word()?;
    let birth: Option<Vec<&str>> = (0..5).map(|_| word()).collect();
    if stat.starts_with('Z') {
        return None;
    }
    Some(Entry {
        pid: pid.parse().ok()?,
        ppid: ppid.parse().ok()?,
        pgid: pgid.parse().ok()?,
        birth: birth?.join(" "),
        name: rest.trim().rsplit('/').next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_ps_is_read() {
        let line = "  812     1   812 Ss   Fri Nov 20 10:11:12 2026 /opt/My Tools/redis server";
        let entry = parse(line).expect("it parses");
        assert_eq!((entry.pid, entry.ppid, entry.pgid), (812, 1, 812));
        assert_eq!(entry.birth, "Fri Nov 20 10:11:12 2026");
        assert_eq!(entry.name, "redis server");
    }

    #[test]
    fn the_ps_of_this_machine_knows_this_process() {
        let own = i32::try_from(std::process::id()).expect("a process id fits");
        let table = read().expect("ps runs");
        assert!(table.iter().any(|entry| entry.pid == own && entry.ppid > 0));
    }
}
