//! schemathesis, which asks a running service whatever its OpenAPI document allows and forbids: a Python program in an
//! environment of its own in the user's cache, every package of it pinned. Tests use it; no lab needs it to run.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sha2::{Digest as _, Sha256};

use crate::{Error, Progress, Report, Result, environment};

/// Its packages with their versions, as `pip` reads them.
const PACKAGES: &str = include_str!("../../../contracts/schemathesis/requirements.txt");
const ENVIRONMENT: &str = "environment";
/// Written last.
const DONE: &str = "done";
/// How much of what pip said an error quotes.
const TAIL_LINES: usize = 15;

/// Installs it into the user's cache unless it is there, and returns the program. Blocks; a second caller waits for the
/// first.
///
/// # Errors
/// When Python 3 with `venv` is not there, or a package cannot be had.
pub fn install(report: Report<'_>) -> Result<PathBuf> {
    let home = home(&environment::cache_dir()?);
    let creating = || format!("create {}", home.display());
    fs::create_dir_all(&home).map_err(Error::io(creating))?;
    let lock = File::create(home.join("lock")).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(Error::io(|| format!("lock {}", home.display())))?;
    if let Some(program) = program(&home) {
        return Ok(program);
    }
    report(Progress::Say(
        "Installing schemathesis, which tests the services' APIs: once, about a minute".into(),
    ));
    fill(&home.join(ENVIRONMENT))?;
    let done = home.join(DONE);
    fs::write(&done, "").map_err(Error::io(|| format!("write {}", done.display())))?;
    Ok(home.join(ENVIRONMENT).join("bin/st"))
}

/// By its packages: another version is another environment.
fn home(cache: &Path) -> PathBuf {
    let hash = Sha256::digest(PACKAGES.as_bytes());
    cache.join(format!("schemathesis-{}", hex::encode(&hash[..8])))
}

/// Complete or not there: an environment whose making was interrupted is made anew.
fn program(home: &Path) -> Option<PathBuf> {
    let complete = home.join(DONE).is_file();
    complete.then(|| home.join(ENVIRONMENT).join("bin/st"))
}

fn fill(environment: &Path) -> Result<()> {
    let mut python = Command::new("python3");
    python.args(["-m", "venv", "--clear"]).arg(environment);
    run(&mut python).map_err(|error| Error::Missing {
        what: "Python 3 with venv".into(),
        mend: format!("On Debian and Ubuntu: apt-get install python3-venv ({error})"),
    })?;
    let packages = environment.join("requirements.txt");
    fs::write(&packages, PACKAGES)
        .map_err(Error::io(|| format!("write {}", packages.display())))?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .args(["--no-deps", "--requirement"])
    .arg(&packages);
    run(&mut pip)
}

fn run(command: &mut Command) -> Result<()> {
    let what = command.get_program().to_string_lossy().into_owned();
    let starting = Error::io(|| format!("start {what}"));
    let output = command.stdin(Stdio::null()).output().map_err(starting)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    Err(Error::Failed {
        what: what.clone(),
        status: output.status.to_string(),
        tail: lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"),
    })
}
