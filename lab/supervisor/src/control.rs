//! The supervisor over HTTP and JSON on a unix socket that only its owner can reach.
//!
//! | request | answer |
//! |---|---|
//! | `GET /status` | [`Status`](crate::Status) |
//! | `GET /boot` | [`Boot`](crate::Boot) |
//! | `POST /processes/NAME/ACTION`, `?lease_ms=N` after a pause or a kill | 204; 400 lease out of range, 404 unknown name, 409 wrong state, with a text |
//! | `POST /stop` | 202; the lab then stops, and the socket goes away at the end |

mod client;
mod server;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub use client::Client;
pub use server::{bind, serve};

use crate::Dirs;

/// `sun_path` holds 104 bytes on macOS and 108 on Linux, the final zero included.
const SOCKET_PATH_BYTES_MAX: usize = 103;

/// The longest lease: as long as that of a fault on an edge.
pub const LEASE_MAX: Duration = Duration::from_secs(3_600);

/// Where the socket of this state belongs: in the state folder, or in `/tmp` when that path
/// would be too long for a socket.
fn socket_path(dirs: &Dirs) -> PathBuf {
    let inside = dirs.run().join("control.sock");
    if inside.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        return inside;
    }
    let mut hasher = DefaultHasher::new();
    dirs.state().hash(&mut hasher);
    PathBuf::from(format!("/tmp/faultline-{:016x}.sock", hasher.finish()))
}

/// The socket's path is written down: the hash may differ between two builds of this program.
fn record_path(dirs: &Dirs) -> PathBuf {
    dirs.run().join("control.path")
}

fn recorded_socket(dirs: &Dirs) -> io::Result<PathBuf> {
    fs::read_to_string(record_path(dirs)).map(|text| PathBuf::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_state_folder_gets_a_socket_with_a_short_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let shallow = Dirs::create(folder.path()).expect("folders");
        assert!(socket_path(&shallow).starts_with(shallow.state()));
        let deep = Dirs::create(&folder.path().join("d".repeat(120))).expect("folders");
        let socket = socket_path(&deep);
        assert!(socket.starts_with("/tmp") && socket.as_os_str().len() <= SOCKET_PATH_BYTES_MAX);
        assert_eq!(socket, socket_path(&deep));
    }
}
