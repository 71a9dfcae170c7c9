//! A folder for a lab, and the program called in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use faultline::lab;
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_faultline");

/// The program, deaf to the environment of whoever runs the tests.
pub(crate) fn faultline(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env_remove("FAULTLINE_HOME")
        .env_remove("FAULTLINE_BASE_PORT")
        .env_remove("FAULTLINE_BIN_DIR")
        .env_remove("FAULTLINE_OTLP_ENDPOINT")
        .env_remove("FAULTLINE_POSTGRES_EDGES");
    command
}

/// What it printed and how it ended.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) notes: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
        let code = output.status.code().expect("no signal ended it");
        Self {
            code,
            out: text(output.stdout),
            notes: text(output.stderr),
        }
    }
}

pub(crate) fn call(mut command: Command) -> Answer {
    command.output().expect("it runs").into()
}

/// A lab in a folder of its own; stopped when dropped, whatever the test has done to it.
pub(crate) struct TestLab {
    folder: TempDir,
}

impl TestLab {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("lab-")
            .tempdir()
            .expect("a folder");
        // Started as root, PostgreSQL runs as another user, who must get through to its data.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("it is ours");
        let test_lab = Self { folder };
        fs::create_dir(test_lab.bin_dir()).expect("made");
        for program in lab::programs() {
            symlink(stand_in(), test_lab.bin_dir().join(program)).expect("linked");
        }
        test_lab
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) fn bin_dir(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// Puts a script in a service's place.
    pub(crate) fn replace(&self, service: &str, script: &str) {
        let path = self.bin_dir().join(service);
        fs::remove_file(&path).expect("it was a link");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }

    pub(crate) fn call(&self, arguments: &[&str]) -> Answer {
        let mut command = faultline(arguments);
        command
            .env("FAULTLINE_HOME", self.state())
            .env("FAULTLINE_BIN_DIR", self.bin_dir());
        call(command)
    }

    pub(crate) fn up(&self) -> Answer {
        self.call(&["--base-port", "auto", "up", "--detach", "--no-proof"])
    }

    pub(crate) fn process(&self, name: &str) -> Value {
        let status = self.call(&["status", "--json"]).json();
        let processes = status["processes"].as_array().expect("a list").clone();
        processes
            .into_iter()
            .find(|process| process["name"] == name)
            .expect("it is listed")
    }

    pub(crate) fn pids(&self) -> Vec<i32> {
        let status = self.call(&["status", "--json"]).json();
        let processes = status["processes"].as_array().expect("a list").clone();
        let pid = |process: &Value| process["pid"].as_i64().and_then(|pid| pid.try_into().ok());
        processes.iter().filter_map(pid).collect()
    }
}

impl Drop for TestLab {
    fn drop(&mut self) {
        let answer = self.call(&["down", "--wipe"]);
        if !std::thread::panicking() {
            assert_eq!(answer.code, 0, "{}", answer.notes);
        }
    }
}

/// Looks again and again until `holds`, for no longer than `limit`.
pub(crate) fn eventually(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < limit, "it never came true that {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn stand_in() -> PathBuf {
    let beside = Path::new(PROGRAM)
        .parent()
        .expect("a program is in a folder");
    beside.join("examples/stand_in")
}

pub(crate) fn is_alive(pid: i32) -> bool {
    supervisor::proc_table::birth_of(pid)
        .expect("the process table")
        .is_some()
}
