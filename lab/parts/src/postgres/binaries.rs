//! Which PostgreSQL servers are installed on this machine, in the places where packages put them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{environment, process};

/// The oldest major release that the lab runs on: `pg_read_all_data` came with 14, a `public` schema that is not
/// open to everybody with 15.
pub const MAJOR_MIN: u32 = 15;

/// Folders whose sub folders hold one release each, and where its programs are below them.
const PACKAGE_ROOTS: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr/pgsql", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "bin"),
];

/// One installed release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Major release, e.g. 15.
    pub major: u32,
    /// Full release, e.g. `15.18`.
    pub version: String,
    /// Folder with `postgres` and `initdb`.
    pub bin: PathBuf,
}

/// All usable servers, newest first; one per major release.
#[must_use]
pub fn installations() -> Vec<Installation> {
    let mut by_major = BTreeMap::new();
    for installation in candidates().iter().filter_map(|bin| inspect(bin)) {
        if installation.major >= MAJOR_MIN {
            by_major.entry(installation.major).or_insert(installation);
        }
    }
    by_major.into_values().rev().collect()
}

fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for (root, below) in PACKAGE_ROOTS {
        let entries = fs::read_dir(root).into_iter().flatten().flatten();
        // Homebrew's folder lists every formula; only PostgreSQL's are worth a look.
        folders.extend(
            entries
                .map(|entry| entry.path())
                .filter(|path| is_release(path))
                .map(|path| path.join(below)),
        );
    }
    let asked = process::run(Command::new("pg_config").arg("--bindir"));
    if let Ok(output) = asked {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    folders.extend(environment::search_path());
    folders
}

fn is_release(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    name.starts_with("postgresql") || name.starts_with(|first: char| first.is_ascii_digit())
}

fn inspect(bin: &Path) -> Option<Installation> {
    let server = bin.join("postgres");
    if !server.is_file() || !bin.join("initdb").is_file() {
        return None;
    }
    let output = process::run(Command::new(server).arg("--version")).ok()?;
    let (version, major) = parse_version(&String::from_utf8_lossy(&output.stdout))?;
    Some(Installation {
        major,
        version,
        bin: bin.into(),
    })
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)`; a pre-release such as `19beta1` counts as its major.
fn parse_version(line: &str) -> Option<(String, u32)> {
    let version = line
        .split_once("(PostgreSQL)")?
        .1
        .split_whitespace()
        .next()?;
    let digits = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    Some((version.to_owned(), version[..digits].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn the_version_line_of_each_packager_is_understood() {
        let of = parse_version;
        assert_eq!(
            of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(("15.18".into(), 15))
        );
        assert_eq!(
            of("postgres (PostgreSQL) 17.2 (Homebrew)\n"),
            Some(("17.2".into(), 17))
        );
        assert_eq!(
            of("postgres (PostgreSQL) 19beta1\n"),
            Some(("19beta1".into(), 19))
        );
        assert_eq!(of("something else 9"), None);
    }
}
