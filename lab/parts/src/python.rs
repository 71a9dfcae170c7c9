//! Programs written in Python that test the shop from outside: each in an environment of its own in the user's cache,
//! every package of it pinned. No lab needs them to run.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sha2::{Digest as _, Sha256};

use crate::{Error, Progress, Report, Result, environment};

/// A program and what it consists of.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    name: &'static str,
    program: &'static str,
    what: &'static str,
    /// Its packages with their versions, as `pip` reads them.
    packages: &'static str,
}

/// Asks a running service whatever its OpenAPI document allows and forbids.
pub const SCHEMATHESIS: Tool = Tool {
    name: "schemathesis",
    program: "st",
    what: "schemathesis, which tests the services' APIs",
    packages: include_str!("../../../contracts/schemathesis/requirements.txt"),
};

/// Pact's own command: another verifier of the same pacts, and the client of its broker.
pub const PACT: Tool = Tool {
    name: "pact",
    program: "pact",
    what: "Pact's command, which verifies what consumers rely on",
    packages: include_str!("../../../contracts/pact/reference/requirements.txt"),
};

/// Runs experiments of the format that `faultline chaos run` reads: the proof that its files are that.
pub const CHAOS_TOOLKIT: Tool = Tool {
    name: "chaostoolkit",
    program: "chaos",
    what: "Chaos Toolkit, which runs the lab's experiments as well",
    packages: include_str!("../../../chaos/experiments/requirements.txt"),
};

const ENVIRONMENT: &str = "environment";
/// Written last: an environment whose making was interrupted is made anew.
const DONE: &str = "done";
/// How much of what pip said an error quotes.
const TAIL_LINES: usize = 15;

/// Installs it into the user's cache unless it is there, and returns the program. Blocks; a second caller waits for the
/// first.
///
/// # Errors
/// When Python 3 with `venv` is not there, or a package cannot be had.
pub fn install(tool: &Tool, report: Report<'_>) -> Result<PathBuf> {
    let home = tool.home(&environment::cache_dir()?);
    let creating = || format!("create {}", home.display());
    fs::create_dir_all(&home).map_err(Error::io(creating))?;
    let lock = File::create(home.join("lock")).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(Error::io(|| format!("lock {}", home.display())))?;
    let program = home.join(ENVIRONMENT).join("bin").join(tool.program);
    if home.join(DONE).is_file() {
        return Ok(program);
    }
    report(Progress::Say(format!(
        "Installing {}: once, about a minute",
        tool.what
    )));
    fill(&home.join(ENVIRONMENT), tool.packages)?;
    let done = home.join(DONE);
    fs::write(&done, "").map_err(Error::io(|| format!("write {}", done.display())))?;
    Ok(program)
}

impl Tool {
    /// By its packages: another version is another environment.
    fn home(&self, cache: &Path) -> PathBuf {
        let hash = Sha256::digest(self.packages.as_bytes());
        cache.join(format!("{}-{}", self.name, hex::encode(&hash[..8])))
    }
}

fn fill(environment: &Path, list: &str) -> Result<()> {
    let mut python = Command::new("python3");
    python.args(["-m", "venv", "--clear"]).arg(environment);
    run(&mut python).map_err(|error| Error::Missing {
        what: "Python 3 with venv".into(),
        mend: format!("On Debian and Ubuntu: apt-get install python3-venv ({error})"),
    })?;
    let packages = environment.join("requirements.txt");
    fs::write(&packages, list).map_err(Error::io(|| format!("write {}", packages.display())))?;
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
