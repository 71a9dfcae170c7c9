//! Is a port of this machine free, and if not, who holds it.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

/// Whoever listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id; none when it is another user's process.
    pub pid: Option<i32>,
    /// Its program's name.
    pub name: Option<String>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.name, self.pid) {
            (Some(name), Some(pid)) => write!(f, "{name} (process {pid})"),
            (None, Some(pid)) => write!(f, "process {pid}"),
            _ => f.write_str("a process of another user"),
        }
    }
}

/// Can a server bind this port on the loopback address now?
#[must_use]
pub fn is_free(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // macOS lets a second server bind the loopback address next to one that holds all addresses,
    // so an answer to a connection counts as taken as well.
    TcpListener::bind(address).is_ok()
        && TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err()
}

/// Who listens on `port`; none when nobody does.
#[must_use]
pub fn holder(port: u16) -> Option<Holder> {
    if is_free(port) {
        return None;
    }
    let found = if cfg!(target_os = "linux") {
        from_proc(port)
    } else {
        from_lsof(port)
    };
    Some(found.unwrap_or(Holder {
        pid: None,
        name: None,
    }))
}

fn from_proc(port: u16) -> Option<Holder> {
    let mut inodes = HashSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        inodes.extend(text.lines().filter_map(|line| listening_inode(line, port)));
    }
    let pid = process_with_socket(&inodes)?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok();
    Some(Holder {
        pid: Some(pid),
        name: name.map(|name| name.trim().to_owned()),
    })
}

/// `SL LOCAL:PORT REMOTE:PORT STATE … UID TIMEOUT INODE …` with ports in hexadecimal; state 0A is
/// listening.
fn listening_inode(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
    let listens = *fields.get(3)? == "0A";
    let same = u16::from_str_radix(local_port, 16) == Ok(port);
    (listens && same)
        .then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))
        .flatten()
}

fn process_with_socket(inodes: &HashSet<String>) -> Option<i32> {
    for dir in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = dir.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(files) = fs::read_dir(dir.path().join("fd")) else {
            continue;
        };
        let holds = files.flatten().any(|file| {
            fs::read_link(file.path()).is_ok_and(|target| {
                target
                    .to_str()
                    .is_some_and(|target| inodes.contains(target))
            })
        });
        if holds {
            return Some(pid);
        }
    }
    None
}

fn from_lsof(port: u16) -> Option<Holder> {
    let query = format!("-iTCP:{port}");
    let output = Command::new("lsof")
        .args(["-nP", &query, "-sTCP:LISTEN", "-Fpc"])
        .output()
        .ok()?;
    parse_lsof(&String::from_utf8_lossy(&output.stdout))
}

/// `-F` writes one field a line, named by its first letter: `p812`, `cpostgres`.
fn parse_lsof(text: &str) -> Option<Holder> {
    let field = |letter| text.lines().find_map(|line| line.strip_prefix(letter));
    let pid = field('p')?.parse().ok()?;
    Some(Holder {
        pid: Some(pid),
        name: field('c').map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listening_socket_of_that_port_counts() {
        let listening = "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00 0 0 0 4711 1";
        let connected = "1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00 0 0 0 4712 1";
        assert_eq!(
            listening_inode(listening, 8080).as_deref(),
            Some("socket:[4711]")
        );
        assert_eq!(listening_inode(connected, 8080), None);
        assert_eq!(listening_inode(listening, 8081), None);
    }

    #[test]
    fn the_answer_of_lsof_is_read() {
        let holder = parse_lsof("p812\ncpostgres\nf5\n").expect("it names a process");
        assert_eq!(
            holder,
            Holder {
                pid: Some(812),
                name: Some("postgres".into())
            }
        );
        assert_eq!(parse_lsof(""), None);
    }
}
