//! A supervisor in a folder of its own, specs for small shell scripts, and waiting with a limit.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use supervisor::{Itself, ProcessSpec, ProcessStatus, Readiness, State, StopSignal, Supervisor};
use tempfile::TempDir;

/// Far longer than anything here takes; reaching it is a failure.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct TestLab {
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) folder: TempDir,
}

impl TestLab {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            supervisor: Arc::new(open(folder.path())),
            folder,
        }
    }

    pub(crate) async fn start(&self, specs: Vec<ProcessSpec>) {
        self.supervisor
            .start_stage(specs, |_, _| {})
            .await
            .expect("the stage becomes ready");
    }

    pub(crate) fn process(&self, name: &str) -> ProcessStatus {
        let status = self.supervisor.status();
        status
            .processes
            .into_iter()
            .find(|process| process.name == name)
            .expect("it is listed")
    }

    pub(crate) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.supervisor.dirs().log(name)).unwrap_or_default()
    }

    pub(crate) async fn reaches(&self, name: &str, state: State) {
        eventually(&format!("{name} is {state}"), async || {
            self.process(name).state == state
        })
        .await;
    }

    pub(crate) async fn stop(self) {
        self.supervisor.stop_all(|_| {}).await;
    }
}

pub(crate) fn open(state: &Path) -> Supervisor {
    Supervisor::open(
        state,
        Itself {
            name: "supervisor".into(),
            port: 0,
        },
    )
    .expect("it opens")
}

/// A spec that runs `script` in a shell and is ready at once.
pub(crate) fn shell(name: &str, script: &str) -> ProcessSpec {
    ProcessSpec {
        name: name.into(),
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: Vec::new(),
        cwd: None,
        run_as: None,
        background: false,
        port: 0,
        admin_port: None,
        stop_signal: StopSignal::Term,
        stop_deadline: Duration::from_secs(5),
        ready: Readiness::check(async || Ok::<(), std::io::Error>(())),
        ready_limit: Duration::from_secs(10),
    }
}

/// Ready when `file` is there.
pub(crate) fn ready_when_exists(file: &Path) -> Readiness {
    let file = file.to_owned();
    Readiness::check(move || {
        let found = std::fs::metadata(&file).map(drop);
        async move { found }
    })
}

pub(crate) async fn eventually<Fut>(what: &str, mut holds: impl FnMut() -> Fut)
where
    Fut: Future<Output = bool>,
{
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < LIMIT, "it never came true that {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn is_alive(pid: i32) -> bool {
    supervisor::proc_table::birth_of(pid)
        .expect("the process table")
        .is_some()
}
