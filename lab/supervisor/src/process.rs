//! One supervised process: a task that starts it, watches it, obeys commands about it and starts
//! it again when it ends by itself. All its state lives here; others see [`View`]s of it.

mod handle;
mod lease;
mod probe;
mod waiting;

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

pub(crate) use self::handle::{Command, Handle, Surroundings, View};
pub(crate) use self::lease::Lease;
use crate::backoff::Backoff;
use crate::spawn::{self, Running};
use crate::spec::{ProcessSpec, StopSignal};
use crate::{Action, State, registry, signals};

/// The task itself.
pub(crate) struct Process {
    spec: Arc<ProcessSpec>,
    around: Surroundings,
    commands: mpsc::Receiver<Command>,
    view: watch::Sender<View>,
    backoff: Backoff,
    ready_since: Option<Instant>,
    ever_ready: bool,
}

/// How one life of the process ended.
enum Ended {
    Crashed(String),
    Restart,
    Stopped,
}

impl Process {
    pub(crate) fn new(spec: ProcessSpec, around: Surroundings) -> (Self, Handle) {
        let spec = Arc::new(spec);
        let (commands, inbox) = mpsc::channel(16);
        let view = watch::Sender::new(View {
            state: State::Starting,
            pid: None,
            restarts: 0,
            since: None,
            lease: Lease::default(),
            reason: "it has not answered yet".into(),
        });
        let handle = Handle {
            spec: Arc::clone(&spec),
            commands,
            view: view.subscribe(),
        };
        let process = Self {
            spec,
            around,
            commands: inbox,
            view,
            backoff: Backoff::default(),
            ready_since: None,
            ever_ready: false,
        };
        (process, handle)
    }

    /// Runs until it is told to stop, or until nobody can tell it anything any more.
    pub(crate) async fn run(mut self) {
        loop {
            let ended = self.one_life().await;
            let again = match ended {
                Ended::Stopped => false,
                Ended::Restart => true,
                Ended::Crashed(reason) => self.after_crash(reason).await,
            };
            if !again {
                return self.set(State::Stopped, "it was told to stop".into());
            }
        }
    }

    async fn one_life(&mut self) -> Ended {
        let mut running = match spawn::start(&self.spec, &self.around.dirs, &self.around.inherited)
        {
            Ok(running) => running,
            Err(error) => {
                let program = self.spec.program.display();
                return Ended::Crashed(format!("{program} cannot be started: {error}"));
            }
        };
        self.ready_since = None;
        self.view.send_modify(|view| {
            view.state = State::Starting;
            view.pid = Some(running.pid);
            view.since = Some(running.since);
        });
        let ended = self.watch(&mut running).await;
        // Children that outlive their parent would hold its port and its files.
        signals::group(running.pid, Signal::SIGKILL);
        registry::remove(&self.around.dirs, &self.spec.name);
        self.view.send_modify(|view| {
            view.pid = None;
            view.since = None;
        });
        ended
    }

    async fn watch(&mut self, running: &mut Running) -> Ended {
        loop {
            let (state, lease) = (self.view.borrow().state, self.lease());
            tokio::select! {
                status = running.child.wait() => {
                    return Ended::Crashed(how_it_ended(status));
                }
                command = self.commands.recv() => match command {
                    Some(Command::Act(action, lease, answer)) => {
                        let ended = self.act(action, lease, running).await;
                        let _ = answer.send(Ok(()));
                        if let Some(ended) = ended {
                            return ended;
                        }
                    }
                    Some(Command::Stop(answer)) => {
                        self.stop(running).await;
                        let _ = answer.send(());
                        return Ended::Stopped;
                    }
                    None => {
                        self.stop(running).await;
                        return Ended::Stopped;
                    }
                },
                () = lease.over(), if state == State::Paused => self.resume(running),
                outcome = probe::next(&self.spec.ready, &self.around.http, state),
                    if state != State::Paused => self.note_probe(outcome),
            }
        }
    }

    /// Does what was asked for; answers how the life ended if that ended it.
    async fn act(
        &mut self,
        action: Action,
        lease: Option<Duration>,
        running: &mut Running,
    ) -> Option<Ended> {
        tracing::info!(process = self.spec.name, %action, ?lease, "by hand");
        match action {
            Action::Kill => {
                self.hold(Lease::of(lease));
                signals::tree(running.pid, Signal::SIGKILL);
                let status = running.child.wait().await;
                // Whoever asked must not find it ready in the moment before the wait begins.
                self.set(State::Backoff, "it was killed by hand".into());
                return Some(Ended::Crashed(how_it_ended(status)));
            }
            Action::Pause => {
                // A second pause begins the lease anew: that is how whoever set it says that it is still there.
                self.hold(Lease::of(lease));
                signals::tree(running.pid, Signal::SIGSTOP);
                self.set(State::Paused, "it is paused".into());
            }
            Action::Resume => self.resume(running),
            Action::Restart => {
                self.stop(running).await;
                self.backoff.reset();
                return Some(Ended::Restart);
            }
        }
        None
    }

    fn resume(&mut self, running: &Running) {
        self.hold(Lease::default());
        signals::tree(running.pid, Signal::SIGCONT);
        let state = if self.ever_ready {
            State::Degraded
        } else {
            State::Starting
        };
        self.set(state, "it was paused until now".into());
    }

    fn note_probe(&mut self, outcome: Result<(), String>) {
        match outcome {
            Ok(()) if self.ready_since.is_none() => {
                self.ready_since = Some(Instant::now());
                self.ever_ready = true;
                self.set(State::Ready, String::new());
            }
            Ok(()) if self.view.borrow().state != State::Ready => {
                self.set(State::Ready, String::new());
            }
            Ok(()) => {}
            Err(reason) => {
                let was_ready = self.ready_since.is_some();
                self.set(
                    if was_ready {
                        State::Degraded
                    } else {
                        State::Starting
                    },
                    reason,
                );
            }
        }
    }

    /// Asks, waits for the deadline, then kills.
    async fn stop(&mut self, running: &mut Running) {
        let signal = match self.spec.stop_signal {
            StopSignal::Term => Signal::SIGTERM,
            StopSignal::Int => Signal::SIGINT,
        };
        signals::one(running.pid, signal);
        // A paused process acts on the signal only once it goes on.
        if self.view.borrow().state == State::Paused {
            signals::tree(running.pid, Signal::SIGCONT);
        }
        let patience = timeout(self.spec.stop_deadline, self.around.hurry.cancelled());
        tokio::select! {
            _ = running.child.wait() => return,
            _ = patience => {}
        }
        let deadline_ms = self.spec.stop_deadline.as_millis();
        tracing::warn!(
            process = self.spec.name,
            deadline_ms,
            "did not stop in time, killed"
        );
        signals::tree(running.pid, Signal::SIGKILL);
        let _ = running.child.wait().await;
    }

    fn lease(&self) -> Lease {
        self.view.borrow().lease
    }

    /// Keeps it as it is until the lease is over.
    fn hold(&self, lease: Lease) {
        self.view.send_modify(|view| view.lease = lease);
    }

    fn set(&self, state: State, reason: String) {
        self.view.send_if_modified(|view| {
            let changed = view.state != state || view.reason != reason;
            view.state = state;
            view.reason = reason;
            changed
        });
    }
}

fn how_it_ended(status: std::io::Result<ExitStatus>) -> String {
    match status {
        // "exit status: 1", "signal: 9 (SIGKILL)"
        Ok(status) => format!("it ended ({status})"),
        Err(error) => format!("it ended, how is unknown ({error})"),
    }
}
