//! What the lab needs of the machine: what is there, what is missing, why it is needed and how to get it.

mod install;

use std::{path::PathBuf, process::Command};

use serde::Serialize;

pub use install::install;

use crate::{alertmanager, broker, environment, postgres, process};

/// Something that the lab needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// What it is.
    pub kind: Kind,
    /// Its name for a person.
    pub name: &'static str,
    /// What the lab does with it.
    pub why: &'static str,
    /// Where it is, when it is there.
    pub found: Option<Found>,
    /// What to do when it is missing.
    pub mend: String,
}

/// The things that the lab needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The C compiler.
    Compiler,
    /// GNU make.
    Make,
    /// PostgreSQL's server programs.
    Postgres,
    /// redis-server.
    Redis,
    /// Prometheus, with its promtool.
    Prometheus,
    /// Alertmanager, with its amtool.
    Alertmanager,
    /// Python 3 with pip and venv. For tests alone.
    Python,
    /// npm. For tests and the reference gateway alone.
    Npm,
    /// Node. For the reference gateway alone.
    Node,
    /// nginx. To compare the gateway with, alone.
    Nginx,
    /// wrk, which asks gateways. To compare them alone.
    Wrk,
    /// The embedded broker, built by us.
    Broker,
}

/// Where a thing was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its program or folder.
    pub path: PathBuf,
    /// Its version as it prints it; empty when it prints none.
    pub version: String,
}

/// The packages of the reference gateway ask for it.
const NODE_MIN: u32 = 20;

impl Requirement {
    /// Whether it has to be installed or built.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.found.is_none()
    }
}

impl Kind {
    /// What the lab needs, in the order in which it is installed.
    pub const OF_LAB: [Self; 7] = [
        Self::Compiler,
        Self::Make,
        Self::Postgres,
        Self::Redis,
        Self::Prometheus,
        Self::Alertmanager,
        Self::Broker,
    ];
    /// What tests need besides.
    pub const OF_TESTS: [Self; 2] = [Self::Python, Self::Npm];
    /// What comparing the gateway with others needs.
    pub const OF_REFERENCE: [Self; 4] = [Self::Nginx, Self::Wrk, Self::Node, Self::Npm];

    fn name(self) -> &'static str {
        match self {
            Self::Compiler => "C compiler",
            Self::Make => "make",
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Prometheus => "Prometheus",
            Self::Alertmanager => "Alertmanager",
            Self::Python => "Python with pip and venv",
            Self::Npm => "npm",
            Self::Node => "Node",
            Self::Nginx => "nginx",
            Self::Wrk => "wrk",
            Self::Broker => "Kafka-API broker",
        }
    }

    fn why(self) -> &'static str {
        match self {
            Self::Compiler => "librdkafka, SQLite and the cryptography library are C code",
            Self::Make => "librdkafka is built with it",
            Self::Postgres => "every service has a database in the lab's own cluster (15 or newer)",
            Self::Redis => "sessions, rate limits and deduplication live there",
            Self::Prometheus => "it keeps the metrics and finds what is wrong in them",
            Self::Alertmanager => "it sorts alerts and delivers them",
            Self::Python => {
                "schemathesis, Pact's command and Toxiproxy's Python client test the shop from outside"
            }
            Self::Npm => {
                "it installs Toxiproxy's Node client, which tests the chaos proxy, and the reference gateway's packages"
            }
            Self::Node => "the reference gateway runs on it (20 or newer)",
            Self::Nginx => "the fastest that a gateway could be, to compare ours with",
            Self::Wrk => "it asks the gateways that are compared",
            Self::Broker => "events travel through it; it is built from source once and kept",
        }
    }

    /// The package of Debian and Ubuntu.
    fn debian(self) -> Option<&'static str> {
        match self {
            Self::Compiler => Some("gcc libc6-dev"),
            Self::Make => Some("make"),
            Self::Postgres => Some("postgresql"),
            Self::Redis => Some("redis-server"),
            Self::Prometheus => Some("prometheus"),
            Self::Alertmanager => Some("prometheus-alertmanager"),
            Self::Python => Some("python3 python3-pip python3-venv"),
            Self::Npm => Some("npm"),
            Self::Node => Some("nodejs"),
            Self::Nginx => Some("nginx-light"),
            Self::Wrk => Some("wrk"),
            Self::Broker => None,
        }
    }

    /// The formula of Homebrew. The compiler and make come with Apple's command line tools.
    fn homebrew(self) -> Option<&'static str> {
        match self {
            Self::Postgres => Some("postgresql@17"),
            Self::Redis => Some("redis"),
            Self::Prometheus => Some("prometheus"),
            Self::Alertmanager => Some("alertmanager"),
            Self::Python => Some("python"),
            Self::Npm | Self::Node => Some("node"),
            Self::Nginx => Some("nginx"),
            Self::Wrk => Some("wrk"),
            Self::Compiler | Self::Make | Self::Broker => None,
        }
    }

    fn find(self) -> Option<Found> {
        match self {
            Self::Compiler => program("cc"),
            Self::Make => program("make"),
            Self::Redis => program("redis-server"),
            Self::Prometheus => program("prometheus"),
            Self::Alertmanager => alertmanager::PROGRAMS.into_iter().find_map(program),
            Self::Postgres => postgres::installations()
                .into_iter()
                .next()
                .map(|newest| Found {
                    path: newest.bin,
                    version: newest.version,
                }),
            // Debian has pip and what venv needs in packages of their own.
            Self::Python => program("python3").filter(|python| {
                let mut look = Command::new(&python.path);
                process::run(look.args(["-c", "import ensurepip, pip"])).is_ok()
            }),
            Self::Npm => program("npm"),
            Self::Node => program("node").filter(|node| is_at_least(&node.version, NODE_MIN)),
            Self::Nginx => silent_program("nginx"),
            Self::Wrk => silent_program("wrk"),
            Self::Broker => broker::kept().ok().flatten().map(|path| Found {
                path,
                version: String::new(),
            }),
        }
    }

    fn mend(self) -> String {
        let debian = self
            .debian()
            .map(|package| format!("apt-get install {package}"));
        let homebrew = self
            .homebrew()
            .map(|formula| format!("brew install {formula}"));
        match (cfg!(target_os = "macos"), self) {
            (_, Self::Broker) => "faultline setup (builds it, about 8 minutes on 2 cores)".into(),
            (true, _) => homebrew.unwrap_or_else(|| "xcode-select --install".into()),
            (false, _) => debian.unwrap_or_default(),
        }
    }
}

/// Looks at the machine for these; takes a few dozen milliseconds, and half a second for npm.
#[must_use]
pub fn check(kinds: &[Kind]) -> Vec<Requirement> {
    let look = |&kind: &Kind| Requirement {
        kind,
        name: kind.name(),
        why: kind.why(),
        found: kind.find(),
        mend: kind.mend(),
    };
    kinds.iter().map(look).collect()
}

fn program(name: &str) -> Option<Found> {
    let path = environment::find_program(name)?;
    let printed = process::run(Command::new(&path).arg("--version")).ok()?;
    let printed = String::from_utf8_lossy(&printed.stdout);
    Some(Found {
        path,
        version: version_in(&printed),
    })
}

/// One that answers the question for its version with an error.
fn silent_program(name: &str) -> Option<Found> {
    let path = environment::find_program(name)?;
    Some(Found {
        path,
        version: String::new(),
    })
}

fn is_at_least(version: &str, min: u32) -> bool {
    let major = version.split('.').next().and_then(|text| text.parse().ok());
    major.is_some_and(|major: u32| major >= min)
}

/// The first word that looks like a version: `v=7.0.15`, `12.2.0`, `4.3`.
fn version_in(printed: &str) -> String {
    let words = printed.split(|c: char| c.is_whitespace() || c == '=' || c == 'v');
    let version =
        |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
    words
        .into_iter()
        .find(version)
        .unwrap_or_default()
        .trim_end_matches(')')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_print() {
        assert_eq!(
            version_in("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0"),
            "7.0.15"
        );
        assert_eq!(
            version_in("cc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright"),
            "12.2.0-14+deb12u1"
        );
        assert_eq!(
            version_in("prometheus, version 2.42.0+ds (branch: debian/sid)"),
            "2.42.0+ds"
        );
        assert_eq!(version_in("GNU Make 4.3\nBuilt for x"), "4.3");
        assert_eq!(version_in("nothing"), "");
    }

    #[test]
    fn everything_that_is_needed_has_a_reason_and_a_mend() {
        for one in check(&[&Kind::OF_LAB[..], &Kind::OF_TESTS, &Kind::OF_REFERENCE].concat()) {
            assert!(!one.why.is_empty() && !one.mend.is_empty(), "{one:?}");
        }
    }
}
