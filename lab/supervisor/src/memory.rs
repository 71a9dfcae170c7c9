//! How much memory a process tree takes, such that the figures of several trees can be added up.

use std::fs;
use std::process::Command;

/// Proportional set size in bytes of the processes `pids` together: a page that n processes
/// share counts 1/n in each. Where the system does not tell (another user's process without the
/// right to look), shared pages count once, for the process that shares most. On macOS, which has
/// no such figure, the resident set. Processes that are gone count nothing.
#[must_use]
pub fn of(pids: &[i32]) -> u64 {
    if cfg!(target_os = "linux") {
        from_proc(pids)
    } else {
        from_ps(pids)
    }
}

fn from_proc(pids: &[i32]) -> u64 {
    let mut sum = 0;
    let mut largest_share = 0;
    for &pid in pids {
        if let Some(bytes) = pss(pid) {
            sum += bytes;
        } else if let Some((private, shared)) = private_and_shared(pid) {
            sum += private;
            largest_share = shared.max(largest_share);
        }
    }
    sum + largest_share
}

fn pss(pid: i32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// From `/proc/PID/status`, which everybody may read.
fn private_and_shared(pid: i32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    };
    Some((field("RssAnon:")?, field("RssFile:")? + field("RssShmem:")?))
}

fn from_ps(pids: &[i32]) -> u64 {
    let list: Vec<String> = pids.iter().map(ToString::to_string).collect();
    let Ok(output) = Command::new("ps")
        .args(["-o", "rss=", "-p", &list.join(",")])
        .output()
    else {
        return 0;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| line.trim().parse::<u64>().ok())
        .sum::<u64>()
        * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> i32 {
        i32::try_from(std::process::id()).expect("a process id fits")
    }

    #[test]
    fn every_way_to_look_sees_this_process() {
        let megabyte = 1 << 20;
        assert!(of(&[own()]) > megabyte);
        assert!(from_ps(&[own()]) > megabyte);
        if cfg!(target_os = "linux") {
            let (private, shared) = private_and_shared(own()).expect("status is readable");
            assert!(private + shared > megabyte);
        }
    }

    #[test]
    fn a_process_that_is_gone_counts_nothing() {
        assert_eq!(of(&[i32::MAX]), 0);
    }
}
