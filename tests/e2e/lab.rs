//! A lab for tests: one that all share, or one of a test's own that it may break.

use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::OnceLock,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

/// All services of the shop.
pub(crate) const SERVICES: [&str; 8] = [
    "gateway",
    "user",
    "product",
    "inventory",
    "order",
    "payment",
    "notification",
    "psp",
];

/// A running lab.
pub(crate) struct Lab {
    home: PathBuf,
    env: Value,
}

static SHARED: OnceLock<Lab> = OnceLock::new();
static OBSERVED: Mutex<Option<Lab>> = Mutex::const_new(None);

/// The lab that tests share which do not break anything. `with-parts` stops it in the end.
pub(crate) async fn shared() -> &'static Lab {
    // Starting blocks for seconds; other tests of this binary wait for the same lab meanwhile.
    tokio::task::spawn_blocking(|| SHARED.get_or_init(|| Lab::start("shared")))
        .await
        .unwrap()
}

/// A lab that tests have one after the other, each for itself alone: for looking at what one order leaves behind.
pub(crate) async fn observed() -> MappedMutexGuard<'static, Lab> {
    let mut lab = OBSERVED.lock().await;
    if lab.is_none() {
        let started = tokio::task::spawn_blocking(|| Lab::start("observed"));
        *lab = Some(started.await.unwrap());
    }
    MutexGuard::map(lab, |lab| lab.as_mut().expect("it was started"))
}

impl Lab {
    /// Starts a lab of its own on ports that are free.
    pub(crate) fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    /// Starts one with options for `faultline up`.
    pub(crate) fn start_with(name: &str, options: &[&str]) -> Self {
        let labs = std::env::var("TEST_LABS_DIR").expect(
            "TEST_LABS_DIR is not set; run it through: faultline with-parts -- cargo test -p e2e",
        );
        let home = PathBuf::from(labs).join(name);
        let mut lab = Self {
            home,
            env: Value::Null,
        };
        let up = lab.faultline(&[&["--base-port", "auto", "up", "--detach"], options].concat());
        assert!(up.status.success(), "up failed:\n{}", text(&up));
        lab.env = lab.json(&["env", "--json"]);
        lab
    }

    /// Runs the command against this lab.
    pub(crate) fn faultline(&self, args: &[&str]) -> Output {
        let output = self.command(args).output();
        output.expect("target/debug/faultline is built by `cargo build --workspace`")
    }

    /// The command against this lab, not yet run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let bin_dir = bin_dir();
        let mut command = Command::new(bin_dir.join("faultline"));
        command
            .args(["--home", self.home.to_str().unwrap()])
            .args(["--bin-dir", bin_dir.to_str().unwrap()])
            .args(args);
        command
    }

    /// The JSON that a command prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.faultline(args);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{args:?}: {error}\n{}", text(&output)))
    }

    /// A value of `faultline env`.
    pub(crate) fn env(&self, name: &str) -> &str {
        self.env[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {}", self.env))
    }

    /// All of them.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let all = self.env.as_object().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all.iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()
    }

    /// A path at the admin port of a service.
    pub(crate) fn admin(&self, service: &str, path: &str) -> String {
        let name = format!("{}_ADMIN_URL", service.to_uppercase());
        format!("{}{path}", self.env(&name))
    }

    /// A path at the gateway.
    pub(crate) fn gateway(&self, path: &str) -> String {
        format!("{}{path}", self.env("GATEWAY_URL"))
    }

    /// One process of `status --json`.
    pub(crate) fn process(&self, name: &str) -> Value {
        let status = self.json(&["status", "--json"]);
        let processes = status["processes"].as_array().unwrap();
        processes
            .iter()
            .find(|process| process["name"] == name)
            .unwrap()
            .clone()
    }

    /// Fails with the counter-examples unless the books balance.
    pub(crate) fn assert_balanced(&self, why: &str) {
        let report = self.json(&["audit", "--json", "--patience", "10"]);
        let bad: Vec<&Value> = report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|c| c["ok"] == false)
            .collect();
        assert!(
            report["balanced"] == true,
            "{why}: {}",
            serde_json::to_string_pretty(&bad).unwrap()
        );
    }

    /// Everything that any process of the lab has logged.
    pub(crate) fn logs(&self) -> String {
        let files = std::fs::read_dir(self.home.join("logs")).unwrap().flatten();
        files
            .filter_map(|file| std::fs::read_to_string(file.path()).ok())
            .collect()
    }

    /// Stops the lab and says which of its processes are left.
    pub(crate) fn down(&self) -> Vec<u64> {
        let status = self.json(&["status", "--json"]);
        let pids: Vec<u64> = status["processes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|process| process["pid"].as_u64())
            .collect();
        assert!(!pids.is_empty());
        let down = self.faultline(&["down"]);
        assert!(down.status.success(), "{}", text(&down));
        pids.into_iter().filter(|pid| is_alive(*pid)).collect()
    }
}

/// Whether a process runs. One that has ended and that nobody has asked about yet (a zombie) does not.
fn is_alive(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

/// Where cargo puts the workspace's programs: two folders above this test.
fn bin_dir() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().to_owned()
}

/// What a command printed, for a failure's message.
pub(crate) fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}\n{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

/// Waits for a condition, at most so long.
pub(crate) async fn eventually<F: Future<Output = bool>>(
    what: &str,
    limit: Duration,
    mut holds: impl FnMut() -> F,
) {
    let give_up = Instant::now() + limit;
    while !holds().await {
        assert!(Instant::now() < give_up, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
