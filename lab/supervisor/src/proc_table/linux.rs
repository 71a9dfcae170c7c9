//! The process table from `/proc/PID/stat` (see proc_pid_stat(5)).

use std::fs;
use std::io;

use super::Entry;

pub(super) fn read() -> io::Result<Vec<Entry>> {
    // Start times count from boot, so a token without the boot's id could come again.
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let mut entries = Vec::new();
    for dir in fs::read_dir("/proc")? {
        let name = dir?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end between the listing and this read.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            continue;
        };
        entries.extend(parse(pid, &stat, boot.trim()));
    }
    Ok(entries)
}

/// `PID (NAME) STATE PPID PGRP …`; the name may itself hold blanks and brackets.
fn parse(pid: i32, stat: &str, boot: &str) -> Option<Entry> {
    let (head, tail) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some(Entry {
        pid,
        ppid: fields.get(1)?.parse().ok()?,
        pgid: fields.get(2)?.parse().ok()?,
        // Field 22 of the line is the start time in clock ticks; the state is field 3.
        birth: format!("{boot}:{}", fields.get(19)?),
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "S 1 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 8812 3 1 0";

    #[test]
    fn a_name_with_blanks_and_brackets_is_read_whole() {
        let entry = parse(7, &format!("7 (a) b (c) {TAIL}"), "boot").expect("it parses");
        assert_eq!(
            (entry.name.as_str(), entry.ppid, entry.pgid),
            ("a) b (c", 1, 7)
        );
        assert_eq!(entry.birth, "boot:8812");
    }

    #[test]
    fn a_zombie_is_not_listed() {
        assert_eq!(
            parse(7, &format!("7 (a) {}", TAIL.replacen('S', "Z", 1)), "boot"),
            None
        );
    }
}
