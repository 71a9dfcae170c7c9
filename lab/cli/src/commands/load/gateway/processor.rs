//! Processor time of a process and everything that it has started, where the system tells (Linux).

use std::{collections::BTreeSet, fs, time::Duration};

/// `/proc` counts in hundredths of a second, whatever the kernel's own clock is.
const TICK: Duration = Duration::from_millis(10);

/// User and system time since the beginning; none where there is no `/proc`.
pub(super) fn time(root: u32) -> Option<Duration> {
    let all: Vec<Process> = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            Process::parse(pid, &fs::read_to_string(entry.path().join("stat")).ok()?)
        })
        .collect();
    family(root, &all)
}

struct Process {
    pid: u32,
    parent: u32,
    ticks: u32,
}

impl Process {
    /// One line of proc(5)'s `stat`. The name may have spaces and brackets in it, so the fields count from its end.
    fn parse(pid: u32, stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let number = |index: usize| fields.get(index)?.parse::<u32>().ok();
        Some(Self {
            pid,
            parent: number(1)?,
            ticks: number(11)?.checked_add(number(12)?)?,
        })
    }
}

fn family(root: u32, all: &[Process]) -> Option<Duration> {
    let mut members = BTreeSet::from([root]);
    // A parent may come after its child.
    loop {
        let before = members.len();
        let children = all.iter().filter(|one| members.contains(&one.parent));
        let children: Vec<u32> = children.map(|one| one.pid).collect();
        members.extend(children);
        if members.len() == before {
            break;
        }
    }
    all.iter().find(|one| one.pid == root)?;
    let own = all.iter().filter(|one| members.contains(&one.pid));
    Some(TICK * own.map(|one| one.ticks).sum::<u32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(name: &str, parent: u32, user: u32, system: u32) -> String {
        format!("1 ({name}) S {parent} 1 1 0 -1 4194304 100 0 0 0 {user} {system} 7 7 20 0 1 0 5 6")
    }

    #[test]
    fn time_of_children_and_theirs_counts_and_that_of_others_does_not() {
        let process = |pid, parent, user| {
            Process::parse(pid, &stat("a) b (c", parent, user, 1)).expect("a process")
        };
        let all = [
            process(30, 20, 4),
            process(10, 1, 1),
            process(20, 10, 2),
            process(40, 1, 100),
        ];
        assert_eq!(family(10, &all), Some(TICK * 10));
        assert_eq!(family(99, &all), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_used_some() {
        assert!(time(std::process::id()).is_some());
    }
}
