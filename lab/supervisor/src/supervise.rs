//! The supervisor: processes in stages, found by name.
//!
//! A stage's processes start side by side; the next stage begins when all of them are ready.
//! Stopping goes through the stages backwards.

mod action;
mod stage;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::action::Action;
use crate::proc_table::ProcTable;
use crate::process::{Command, Handle, Process, Surroundings};
use crate::registry::{self, Lock, Record};
use crate::{Board, Dirs, Error, Phase, ProcessSpec, ProcessStatus, State, Status};
use crate::{memory, spawn};

/// How the supervisor's own process appears in the status.
#[derive(Debug, Clone)]
pub struct Itself {
    /// Its name there.
    pub name: String,
    /// The port it serves, if it hosts something.
    pub port: u16,
}

/// Runs the processes of one state folder. Dropping it without [`Supervisor::stop_all`] stops
/// them as well, but nobody waits for that.
#[derive(Debug)]
pub struct Supervisor {
    /// How far the start has come.
    pub board: Board,
    around: Surroundings,
    stages: Mutex<Vec<Vec<Handle>>>,
    tasks: TaskTracker,
    itself: Itself,
    since: Instant,
    swept: Vec<Record>,
    _lock: Lock,
}

impl Supervisor {
    /// Takes the state folder and kills what a dead supervisor left there. Blocks for the
    /// milliseconds that takes.
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`] when another one holds it; [`Error::Io`] otherwise.
    pub fn open(state: &Path, itself: Itself) -> Result<Self, Error> {
        let dirs = Dirs::create(state).map_err(Error::io(format!(
            "make the state folder {}",
            state.display()
        )))?;
        let lock = Lock::acquire(&dirs)?;
        let swept = registry::sweep_locked(&dirs)?;
        let around = Surroundings {
            dirs,
            inherited: Arc::new(spawn::inherited()),
            http: http_client(),
            hurry: CancellationToken::new(),
        };
        Ok(Self {
            board: Board::default(),
            around,
            stages: Mutex::default(),
            tasks: TaskTracker::new(),
            itself,
            since: Instant::now(),
            swept,
            _lock: lock,
        })
    }

    /// Where its files are.
    #[must_use]
    pub fn dirs(&self) -> &Dirs {
        &self.around.dirs
    }

    /// What was left running by an earlier supervisor and has been killed.
    #[must_use]
    pub fn swept(&self) -> &[Record] {
        &self.swept
    }

    /// Starts `specs` side by side and waits until all are ready. `on_ready` hears of each, with
    /// the time it took.
    ///
    /// # Errors
    /// [`Error::NotReady`] for the first that gives up or passes its limit; those that were
    /// started stay, to be stopped by [`Supervisor::stop_all`]. [`Error::DuplicateName`].
    pub async fn start_stage(
        &self,
        specs: Vec<ProcessSpec>,
        mut on_ready: impl FnMut(&str, Duration),
    ) -> Result<(), Error> {
        let handles = self.launch(specs)?;
        stage::wait_ready(&self.around.dirs, handles, &mut on_ready).await
    }

    /// Starts one that nobody waits for: [`Supervisor::status`] tells how it does.
    ///
    /// # Errors
    /// [`Error::DuplicateName`].
    pub fn start_aside(&self, spec: ProcessSpec) -> Result<(), Error> {
        self.launch(vec![spec]).map(drop)
    }

    fn launch(&self, specs: Vec<ProcessSpec>) -> Result<Vec<Handle>, Error> {
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<&str> = stages
            .iter()
            .flatten()
            .map(|handle| handle.spec.name.as_str())
            .collect();
        for spec in &specs {
            if names.contains(&spec.name.as_str()) || spec.name == self.itself.name {
                return Err(Error::DuplicateName(spec.name.clone()));
            }
            names.push(&spec.name);
        }
        let start = |spec| {
            let (process, handle) = Process::new(spec, self.around.clone());
            self.tasks.spawn(process.run());
            handle
        };
        let handles: Vec<Handle> = specs.into_iter().map(start).collect();
        stages.push(handles.clone());
        Ok(handles)
    }

    /// Stops everything, last stage first, a stage's processes side by side. Each gets its own
    /// deadline. `on_stopped` hears of each.
    pub async fn stop_all(&self, mut on_stopped: impl FnMut(&str)) {
        self.board.set_phase(Phase::Stopping);
        loop {
            let stage = self
                .stages
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let Some(stage) = stage else { break };
            stage::stop(stage, &mut on_stopped).await;
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// No more patience: every stop from now on, and every one under way, kills at once.
    pub fn hurry(&self) {
        self.around.hurry.cancel();
    }

    /// Does something to one process. With a lease, what a pause or a kill has done ends by itself; doing it again begins
    /// the lease anew.
    ///
    /// # Errors
    /// [`Error::UnknownProcess`]; [`Error::WrongState`], such as pausing what is not running.
    pub async fn act(
        &self,
        name: &str,
        action: Action,
        lease: Option<Duration>,
    ) -> Result<(), Error> {
        let handle = self.find(name)?;
        let (answer, granted) = oneshot::channel();
        let wish = Command::Act(action, lease, answer);
        let sent = handle.commands.send(wish).await;
        let outcome = match sent {
            Ok(()) => granted.await.unwrap_or(Err(State::Stopped)),
            Err(_) => Err(State::Stopped),
        };
        outcome.map_err(|state| Error::WrongState {
            name: name.to_owned(),
            state,
            action,
        })
    }

    fn find(&self, name: &str) -> Result<Handle, Error> {
        let all = self.handles();
        all.iter()
            .find(|handle| handle.spec.name == name)
            .cloned()
            .ok_or_else(|| {
                let known = all.iter().map(|handle| handle.spec.name.clone()).collect();
                Error::UnknownProcess {
                    name: name.to_owned(),
                    known,
                }
            })
    }

    fn handles(&self) -> Vec<Handle> {
        let stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        stages.iter().flatten().cloned().collect()
    }

    /// Measures now. Blocks for some milliseconds: call it off the runtime's threads.
    #[must_use]
    pub fn status(&self) -> Status {
        let table = ProcTable::read().ok();
        let tree = |pid: i32| {
            table
                .as_ref()
                .map_or_else(|| vec![pid], |table| table.tree(pid))
        };
        let mut processes = vec![self.own_status()];
        processes.extend(
            self.handles()
                .iter()
                .map(|handle| one_status(handle, &tree)),
        );
        let all_ready = processes
            .iter()
            .all(|process| process.state == State::Ready);
        Status {
            ready: all_ready && self.board.now().phase == Phase::Ready,
            rss_total_bytes: processes.iter().map(|process| process.rss_bytes).sum(),
            processes,
        }
    }

    fn own_status(&self) -> ProcessStatus {
        let pid = registry::own_pid();
        ProcessStatus {
            name: self.itself.name.clone(),
            pid: Some(pid),
            port: self.itself.port,
            admin_port: None,
            state: State::Ready,
            rss_bytes: memory::of(&[pid]),
            restarts: 0,
            uptime_s: self.since.elapsed().as_secs(),
            lease_left_ms: None,
        }
    }
}

fn one_status(handle: &Handle, tree: &impl Fn(i32) -> Vec<i32>) -> ProcessStatus {
    let view = handle.view.borrow().clone();
    ProcessStatus {
        name: handle.spec.name.clone(),
        pid: view.pid,
        port: handle.spec.port,
        admin_port: handle.spec.admin_port,
        state: view.state,
        rss_bytes: view.pid.map_or(0, |pid| memory::of(&tree(pid))),
        restarts: view.restarts,
        uptime_s: view.since.map_or(0, |since| since.elapsed().as_secs()),
        lease_left_ms: view.lease.left().map(whole_millis),
    }
}

fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the lab looks at services from outside; the policies of their edges are not its own"
)]
fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client without TLS needs nothing")
}
