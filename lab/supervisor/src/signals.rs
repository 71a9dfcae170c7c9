//! Signals to one process, to its group, to its whole tree. A target that is gone is not an
//! error: it may end at any moment.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::proc_table::ProcTable;

/// Sends `signal` to one process.
pub(crate) fn one(pid: i32, signal: Signal) {
    report(pid, signal, kill(Pid::from_raw(pid), signal));
}

/// Sends `signal` to every member of the group that `leader` founded.
pub(crate) fn group(leader: i32, signal: Signal) {
    report(leader, signal, killpg(Pid::from_raw(leader), signal));
}

/// Sends `signal` to `root` first and then to everything below it, until nobody new appears.
/// A group is not enough: PostgreSQL's backends each found a group of their own.
pub(crate) fn tree(root: i32, signal: Signal) {
    one(root, signal);
    let mut reached = vec![root];
    // Only a child that forks faster than we read could need a second or third round.
    for _ in 0..5 {
        let Ok(table) = ProcTable::read() else { return };
        let fresh: Vec<i32> = table
            .tree(root)
            .into_iter()
            .filter(|pid| !reached.contains(pid))
            .collect();
        if fresh.is_empty() {
            return;
        }
        for pid in fresh {
            one(pid, signal);
            reached.push(pid);
        }
    }
}

fn report(pid: i32, signal: Signal, outcome: nix::Result<()>) {
    match outcome {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => tracing::warn!(pid, %signal, %error, "signal could not be sent"),
    }
}
