//! The packages of the reference gateway (loadtest/reference), as its lock file has them. They go into a folder of the
//! build, never into the system, and are needed by `faultline load gateway` alone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::term;

const SOURCES: &str = "loadtest/reference";
const INSTALLED: &str = "target/reference-gateway";
const LOCK: &str = "package-lock.json";
const FILES: [&str; 3] = ["package.json", LOCK, "gateway.js"];
/// What npm writes when it is through.
const DONE: &str = "node_modules/.package-lock.json";

/// The folder with the gateway as it stands in the repository, if its packages are there.
pub(in crate::commands) fn installed(repo: &Path) -> Option<PathBuf> {
    let (sources, folder) = (repo.join(SOURCES), repo.join(INSTALLED));
    let same = fs::read(sources.join(LOCK)).ok()? == fs::read(folder.join(LOCK)).ok()?;
    if !same || !folder.join(DONE).is_file() {
        return None;
    }
    fs::copy(sources.join("gateway.js"), folder.join("gateway.js")).ok()?;
    Some(folder)
}

/// Installs them unless they are there. Blocks.
///
/// # Errors
/// npm is missing or fails.
pub(super) fn install(repo: &Path) -> anyhow::Result<()> {
    if installed(repo).is_some() {
        return Ok(());
    }
    let (sources, folder) = (repo.join(SOURCES), repo.join(INSTALLED));
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    for file in FILES {
        let copied = fs::copy(sources.join(file), folder.join(file));
        copied.with_context(|| format!("copy {SOURCES}/{file}"))?;
    }
    term::note(format!(
        "Installing the packages of the reference gateway into {}",
        folder.display()
    ));
    let status = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--silent"])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("run npm (install it: apt-get install npm, or brew install node)")?;
    if !status.success() {
        bail!("npm could not install the packages of {SOURCES} ({status}); its words are above");
    }
    Ok(())
}
