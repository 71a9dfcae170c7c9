//! Building the broker once, and finding it again.
//!
//! Its sources are part of this crate, so what is built is exactly what this crate was compiled with. The folder's
//! name is a hash of them: a clean clone finds the broker of an earlier one, a changed lock file builds a new one.

use std::{
    fs::{self, File},
    io::{BufReader, Read, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sha2::{Digest as _, Sha256};

use crate::{Error, Progress, Report, Result, environment, process};

const PROGRAM: &str = "faultline-broker";
const SOURCES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("../../../broker/Cargo.toml")),
    ("Cargo.lock", include_str!("../../../broker/Cargo.lock")),
    (
        "src/headers.rs",
        include_str!("../../../broker/src/headers.rs"),
    ),
    ("src/main.rs", include_str!("../../../broker/src/main.rs")),
    (
        "src/remembered.rs",
        include_str!("../../../broker/src/remembered.rs"),
    ),
    (
        "src/storage.rs",
        include_str!("../../../broker/src/storage.rs"),
    ),
];
/// Settings of a cargo that may be running us; they are about our own build, not about the broker's.
const CARGO_SETTINGS: [&str; 5] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
];

/// The built broker in the user's cache, if it is there.
///
/// # Errors
/// When there is no folder to look in.
pub fn kept() -> Result<Option<PathBuf>> {
    Ok(kept_in(&environment::cache_dir()?))
}

/// The built broker in `cache`, if it is there.
#[must_use]
pub fn kept_in(cache: &Path) -> Option<PathBuf> {
    Some(home(cache).join("bin").join(PROGRAM)).filter(|program| program.is_file())
}

/// Builds the broker into the user's cache unless it is there, and returns the program.
///
/// # Errors
/// When cargo is missing or the build fails; the whole log stays beside it.
pub fn build(report: Report<'_>) -> Result<PathBuf> {
    build_in(&environment::cache_dir()?, report)
}

/// As [`build`], into `cache`. Blocks for minutes; a second caller waits for the first.
///
/// # Errors
/// As [`build`].
pub fn build_in(cache: &Path, report: Report<'_>) -> Result<PathBuf> {
    let home = home(cache);
    let creating = || format!("create {}", home.display());
    fs::create_dir_all(home.join("bin")).map_err(Error::io(creating))?;
    let lock = File::create(home.join("lock")).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(Error::io(|| format!("lock {}", home.display())))?;
    if let Some(program) = kept_in(cache) {
        return Ok(program);
    }
    report(Progress::Say(
        "Building the Kafka-API broker: once, about 8 minutes on 2 cores; it is kept for later labs".into(),
    ));
    let work = home.join("work");
    unpack(&work).map_err(Error::io(creating))?;
    compile(&work, &home.join("build.log"), report)?;
    let program = home.join("bin").join(PROGRAM);
    fs::rename(work.join("target/release").join(PROGRAM), &program)
        .and_then(|()| fs::remove_dir_all(&work))
        .map_err(Error::io(|| format!("keep {}", program.display())))?;
    Ok(program)
}

fn home(cache: &Path) -> PathBuf {
    let mut hash = Sha256::new();
    for (name, text) in SOURCES {
        hash.update(name);
        hash.update([0]);
        hash.update(text);
        hash.update([0]);
    }
    cache.join(format!("broker-{}", hex::encode(&hash.finalize()[..8])))
}

fn unpack(work: &Path) -> std::io::Result<()> {
    fs::create_dir_all(work.join("src"))?;
    SOURCES
        .iter()
        .try_for_each(|(name, text)| fs::write(work.join(name), text))
}

fn compile(work: &Path, log: &Path, report: Report<'_>) -> Result<()> {
    let mut command = Command::new(environment::cargo());
    for name in CARGO_SETTINGS {
        command.env_remove(name);
    }
    command
        .args(["build", "--release", "--locked", "--target-dir", "target"])
        .current_dir(work)
        // cargo draws its bar for terminals only, and the bar is what says how much is left.
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "120")
        .env("CARGO_TERM_COLOR", "never")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut cargo = command.spawn().map_err(Error::io(|| {
        format!(
            "run {} (is Rust installed?)",
            environment::cargo().display()
        )
    }))?;
    let output = cargo.stderr.take().expect("stderr was asked to be a pipe");
    let followed = follow(output, log, report);
    let status = cargo.wait().map_err(Error::io(|| "wait for cargo"))?;
    followed.map_err(Error::io(|| format!("write {}", log.display())))?;
    if status.success() {
        return Ok(());
    }
    let what = format!("building the broker (all of it: {})", log.display());
    Err(Error::Failed {
        what,
        status: status.to_string(),
        tail: process::tail(log),
    })
}

/// Copies cargo's lines to the log and turns its bar into steps.
fn follow(output: impl Read, log: &Path, report: Report<'_>) -> std::io::Result<()> {
    let mut log = File::create(log)?;
    let mut line = Vec::new();
    for byte in BufReader::new(output).bytes() {
        match byte? {
            // The bar ends in a carriage return, a message in a newline.
            b'\r' => report_bar(&String::from_utf8_lossy(&std::mem::take(&mut line)), report),
            b'\n' => {
                let text = String::from_utf8_lossy(&std::mem::take(&mut line))
                    .trim_end()
                    .to_owned();
                writeln!(log, "{text}")?;
                report_bar(&text, report);
            }
            other => line.push(other),
        }
    }
    Ok(())
}

fn report_bar(line: &str, report: Report<'_>) {
    if let Some(step) = parse_bar(line) {
        report(step);
    }
}

/// Reads `    Building [=====>     ] 123/405: serde, tokio`.
fn parse_bar(line: &str) -> Option<Progress> {
    let (_, after) = line
        .trim_start()
        .strip_prefix("Building [")?
        .split_once(']')?;
    let (count, what) = after.split_once(':').unwrap_or((after, ""));
    let (done, total) = count.trim().split_once('/')?;
    Some(Progress::Step {
        done: done.parse().ok()?,
        total: total.parse().ok()?,
        what: what.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_s_bar_becomes_steps_and_its_messages_the_log() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let printed = "   Compiling serde v1.0.0\n    Building [==>    ] 12/405: serde, tokio(build)\r\
                       \x1b[K   Compiling url v2\n    Building [===>   ] 13/405\r";
        let mut steps = Vec::new();
        follow(printed.as_bytes(), log.path(), &mut |step| steps.push(step)).unwrap();
        let step = |done, what: &str| Progress::Step {
            done,
            total: 405,
            what: what.into(),
        };
        assert_eq!(steps, [step(12, "serde, tokio(build)"), step(13, "")]);
        let kept = fs::read_to_string(log.path()).unwrap();
        assert!(
            kept.contains("Compiling serde") && kept.contains("Compiling url"),
            "{kept}"
        );
    }

    #[test]
    fn an_empty_cache_has_no_broker() {
        let cache = tempfile::tempdir().unwrap();
        assert_eq!(kept_in(cache.path()), None);
    }
}
