//! Installing what is missing, after saying what and why: system packages first, then the broker.

use std::{
    io::{BufRead as _, BufReader},
    process::Command,
};

use nix::unistd::Uid;

use super::{Kind, Requirement};
use crate::{Error, Progress, Report, Result, broker, environment};

/// Installs Debian packages without leaving their services running; its reasons are inside.
const DEBIAN: &str = include_str!("install-debian.sh");
/// How much of a package manager's output an error quotes.
const TAIL_LINES: usize = 15;

/// Installs and builds whatever of `requirements` is missing. Blocks; may ask for a password through sudo.
///
/// # Errors
/// When the machine's package manager is unknown or fails, when what it installed does not do (an old PostgreSQL),
/// or when the broker cannot be built.
pub fn install(requirements: &[Requirement], report: Report<'_>) -> Result<()> {
    let missing: Vec<&Requirement> = requirements.iter().filter(|one| one.is_missing()).collect();
    let packages: Vec<Kind> = missing
        .iter()
        .map(|one| one.kind)
        .filter(|kind| *kind != Kind::Broker)
        .collect();
    for one in &missing {
        report(Progress::Say(format!(
            "{} is missing: {}",
            one.name, one.why
        )));
    }
    if !packages.is_empty() {
        install_packages(&packages, report)?;
    }
    for kind in packages {
        if kind.find().is_none() {
            return Err(Error::Missing {
                what: kind.name().into(),
                mend: format!(
                    "Its package was installed, but does not have what the lab needs: {}. On an older system \
                     install a newer release by hand (for PostgreSQL: apt.postgresql.org)",
                    kind.why()
                ),
            });
        }
    }
    if missing.iter().any(|one| one.kind == Kind::Broker) {
        broker::build(report)?;
    }
    Ok(())
}

fn install_packages(kinds: &[Kind], report: Report<'_>) -> Result<()> {
    if environment::find_program("apt-get").is_some() {
        return with_apt(kinds, report);
    }
    if environment::find_program("brew").is_some() {
        return with_homebrew(kinds, report);
    }
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    Err(Error::Missing {
        what: names.join(", "),
        mend:
            "This machine has neither apt-get nor brew: install them with its own package manager"
                .into(),
    })
}

fn with_apt(kinds: &[Kind], report: Report<'_>) -> Result<()> {
    let packages: Vec<&str> = kinds
        .iter()
        .filter_map(|kind| kind.debian())
        .flat_map(str::split_whitespace)
        .collect();
    report(Progress::Say(format!(
        "Installing {} with apt-get",
        packages.join(", ")
    )));
    let mut command = if Uid::effective().is_root() {
        Command::new("sh")
    } else if environment::find_program("sudo").is_some() {
        report(Progress::Say(
            "That needs root: sudo may ask for your password".into(),
        ));
        let mut sudo = Command::new("sudo");
        sudo.arg("sh");
        sudo
    } else {
        return Err(Error::Missing {
            what: packages.join(", "),
            mend: format!("Run as root: apt-get install {}", packages.join(" ")),
        });
    };
    command
        .args(["-c", DEBIAN, "install-debian"])
        .args(&packages);
    follow(command, "apt-get install", report)
}

fn with_homebrew(kinds: &[Kind], report: Report<'_>) -> Result<()> {
    let formulas: Vec<&str> = kinds.iter().filter_map(|kind| kind.homebrew()).collect();
    if formulas.len() < kinds.len() {
        return Err(Error::Missing {
            what: "Apple's command line tools (compiler, make)".into(),
            mend: "Run: xcode-select --install".into(),
        });
    }
    report(Progress::Say(format!(
        "Installing {} with Homebrew",
        formulas.join(", ")
    )));
    let mut command = Command::new("brew");
    // Homebrew starts no service by itself: that would be `brew services start`.
    command
        .arg("install")
        .args(&formulas)
        .env("HOMEBREW_NO_AUTO_UPDATE", "1");
    follow(command, "brew install", report)
}

/// Runs a command, reports its lines as they come, and quotes the last ones if it fails.
fn follow(mut command: Command, what: &str, report: Report<'_>) -> Result<()> {
    let running = || format!("run {what}");
    let (lines, writer) = std::io::pipe().map_err(Error::io(running))?;
    let errors = writer.try_clone().map_err(Error::io(running))?;
    let mut child = command
        .stdout(writer)
        .stderr(errors)
        .spawn()
        .map_err(Error::io(running))?;
    // The command holds our ends of the pipe; without this the pipe would never end.
    drop(command);
    let mut printed = Vec::new();
    for line in BufReader::new(lines).split(b'\n') {
        let line = line.map_err(Error::io(running))?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        report(Progress::Line(line.clone()));
        printed.push(line);
    }
    let status = child.wait().map_err(Error::io(running))?;
    if status.success() {
        return Ok(());
    }
    let tail = printed[printed.len().saturating_sub(TAIL_LINES)..].join("\n");
    Err(Error::Failed {
        what: what.into(),
        status: status.to_string(),
        tail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_streams_are_reported_line_by_line() {
        let mut lines = Vec::new();
        follow(shell("echo one; echo two >&2"), "test", &mut |line| {
            lines.push(line)
        })
        .unwrap();
        assert_eq!(
            lines,
            [Progress::Line("one".into()), Progress::Line("two".into())]
        );
    }

    #[test]
    fn a_failure_quotes_the_end_of_what_was_printed() {
        let error = follow(shell("seq 1 40; exit 3"), "test", &mut |_| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("exit status: 3") && error.contains("\n40") && !error.contains("\n7\n"),
            "{error}"
        );
    }

    #[test]
    fn nothing_missing_means_nothing_done() {
        let mut said = Vec::new();
        install(&[], &mut |line| said.push(line)).unwrap();
        assert_eq!(said, []);
    }
}
