//! A free block of ports, reserved for as long as a lab lives.

use std::fs::File;

use anyhow::Context;

use super::{AUTO_BASES, AUTO_STEP, Ports};

/// A block of free ports that no other lab of this machine will choose while this value lives.
#[derive(Debug)]
pub struct Block {
    /// Its ports.
    pub ports: Ports,
    _lock: File,
}

impl Block {
    /// Finds a block; `preferred` is tried first.
    ///
    /// # Errors
    /// When every block has a port in use.
    pub fn find(preferred: Option<u16>) -> anyhow::Result<Self> {
        preferred
            .into_iter()
            .chain(AUTO_BASES.step_by(AUTO_STEP))
            .find_map(Self::take)
            .with_context(|| {
                format!(
                    "no free block of ports between {} and {}: choose a base with --base-port N, \
                     or stop another lab",
                    AUTO_BASES.start(),
                    AUTO_BASES.end()
                )
            })
    }

    /// Two labs that start in the same moment both see free ports: the lock decides. A file that
    /// belongs to another user cannot be opened, which says as much.
    fn take(base: u16) -> Option<Self> {
        let path = std::env::temp_dir().join(format!("faultline-ports-{base}.lock"));
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .ok()?;
        lock.try_lock().ok()?;
        let ports = Ports::at(base);
        let free = ports
            .all()
            .iter()
            .all(|port| supervisor::ports::is_free(port.port));
        free.then_some(Self { ports, _lock: lock })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_labs_that_look_at_the_same_moment_get_different_blocks() {
        let first = Block::find(None).expect("a block");
        let second = Block::find(Some(first.ports.base())).expect("another block");
        assert_ne!(first.ports, second.ports);
    }
}
