//! Which processes exist and who started whom: one snapshot, from `/proc` where there is one,
//! from `ps` elsewhere. Zombies are left out: they run nothing and hold nothing.

mod linux;
mod ps;

use std::collections::HashMap;
use std::io;

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Process id.
    pub pid: i32,
    /// Its parent.
    pub ppid: i32,
    /// Its process group.
    pub pgid: i32,
    /// When it was born, as an opaque token. A process id is given again to another process; id
    /// and birth together are not.
    pub birth: String,
    /// The name of its program, possibly cut short by the system.
    pub name: String,
}

/// A snapshot of all processes.
#[derive(Debug)]
pub struct ProcTable {
    entries: HashMap<i32, Entry>,
}

impl ProcTable {
    /// Takes a snapshot.
    ///
    /// # Errors
    /// When `/proc` cannot be read or `ps` cannot be run.
    pub fn read() -> io::Result<Self> {
        let entries = if cfg!(target_os = "linux") {
            linux::read()?
        } else {
            ps::read()?
        };
        Ok(Self {
            entries: entries
                .into_iter()
                .map(|entry| (entry.pid, entry))
                .collect(),
        })
    }

    /// The process with this id.
    #[must_use]
    pub fn get(&self, pid: i32) -> Option<&Entry> {
        self.entries.get(&pid)
    }

    /// Is this very process, not a later one with its id, still there?
    #[must_use]
    pub fn is_alive(&self, pid: i32, birth: &str) -> bool {
        self.get(pid).is_some_and(|entry| entry.birth == birth)
    }

    /// All processes, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// `root` and everything below it, parents before children. Empty when `root` is gone.
    #[must_use]
    pub fn tree(&self, root: i32) -> Vec<i32> {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for entry in self.iter() {
            children.entry(entry.ppid).or_default().push(entry.pid);
        }
        let mut tree: Vec<i32> = self.get(root).map(|entry| entry.pid).into_iter().collect();
        let mut next = 0;
        while let Some(parent) = tree.get(next) {
            tree.extend(children.get(parent).into_iter().flatten());
            next += 1;
        }
        tree
    }
}

/// The birth token of one process; none when it is gone.
///
/// # Errors
/// As [`ProcTable::read`].
pub fn birth_of(pid: i32) -> io::Result<Option<String>> {
    Ok(ProcTable::read()?.get(pid).map(|entry| entry.birth.clone()))
}
