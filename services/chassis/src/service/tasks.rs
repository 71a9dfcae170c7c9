//! Background work: named, counted, told to stop, waited for.

use std::{future::Future, time::Duration};

use futures_util::FutureExt as _;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument as _, error};

use crate::telemetry::request::RequestContext;

/// The background tasks of a service. The one place that may call `tokio::spawn`.
///
/// They stop in two stages: first whatever makes work (the server, requests, consumers, sweeps), then, when all of that
/// has ended, whatever takes it away (the relay).
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
    last: TaskTracker,
    drained: CancellationToken,
    failed: CancellationToken,
}

impl Tasks {
    /// Spawns a task that lives as long as the service. One that ends with an error or a panic takes the service down:
    /// a service without its relay or its server is worse than one that restarts.
    pub fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.tracker.spawn(self.watched(name, future));
    }

    /// As [`spawn`](Self::spawn), for a task of the last stage: it waits for [`drained`](Self::drained).
    pub fn spawn_last<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.last.spawn(self.watched(name, future));
    }

    fn watched<F>(&self, name: &'static str, future: F) -> impl Future<Output = ()> + Send + 'static
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let failed = self.failed.clone();
        let watched = async move {
            let outcome = std::panic::AssertUnwindSafe(future).catch_unwind().await;
            match outcome {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error!(task = name, error = format!("{error:#}"), "task failed"),
                Err(_) => error!(task = name, "task panicked"),
            }
            failed.cancel();
        };
        watched.in_current_span()
    }

    /// Spawns work that belongs to one request and must end although the caller went away. Waited for on shutdown. It
    /// keeps the request's ids and baggage, but not its deadline.
    /// Returns its result to whoever still waits for it.
    pub fn detach<F>(&self, future: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let context = RequestContext::current().without_deadline();
        self.tracker.spawn(context.scope(future).in_current_span())
    }

    /// Cancelled when the service stops: finish what you hold and return.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Cancelled when all tasks but those of the last stage have ended, or their time is up: nothing more comes.
    pub fn drained(&self) -> CancellationToken {
        self.drained.clone()
    }

    /// Cancelled when a task failed.
    pub fn failed(&self) -> CancellationToken {
        self.failed.clone()
    }

    /// Tells all tasks to stop and waits, stage by stage. False when the deadline came first. A third of the time is
    /// kept for the last stage, and what the first one leaves of its own.
    pub async fn stop(&self, deadline: Duration) -> bool {
        let started = Instant::now();
        let ended = |tracker: &TaskTracker, share: Duration| {
            tracker.close();
            let tracker = tracker.clone();
            async move {
                tokio::time::timeout_at(started + share, tracker.wait())
                    .await
                    .is_ok()
            }
        };
        self.stopping.cancel();
        let first = ended(&self.tracker, deadline * 2 / 3).await;
        self.drained.cancel();
        let last = ended(&self.last, deadline).await;
        first && last
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn a_panicking_task_is_reported_as_failed() {
        let tasks = Tasks::default();
        tasks.spawn("bad", async { panic!("on purpose") });
        tasks.failed().cancelled().await;
    }

    #[tokio::test]
    async fn stopping_waits_for_a_task_that_finishes_its_work() {
        let tasks = Tasks::default();
        let stopping = tasks.stopping();
        tasks.spawn("good", async move {
            stopping.cancelled().await;
            Ok(())
        });
        assert!(tasks.stop(Duration::from_secs(5)).await);
        assert!(!tasks.failed().is_cancelled());
    }

    #[tokio::test]
    async fn the_last_stage_is_told_when_all_else_has_ended() {
        let tasks = Tasks::default();
        let (stopping, drained) = (tasks.stopping(), tasks.drained());
        let working = Arc::new(AtomicBool::new(true));
        let (worker, relay) = (working.clone(), working);
        tasks.spawn("work", async move {
            stopping.cancelled().await;
            tokio::task::yield_now().await;
            worker.store(false, Ordering::SeqCst);
            Ok(())
        });
        tasks.spawn_last("relay", async move {
            drained.cancelled().await;
            anyhow::ensure!(!relay.load(Ordering::SeqCst), "told too early");
            Ok(())
        });
        assert!(tasks.stop(Duration::from_secs(5)).await);
        assert!(!tasks.failed().is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_stage_has_its_turn_even_if_the_first_one_hangs() {
        let tasks = Tasks::default();
        let (drained, done) = (tasks.drained(), CancellationToken::new());
        let ended = done.clone();
        tasks.spawn("stuck", std::future::pending());
        tasks.spawn_last("relay", async move {
            drained.cancelled().await;
            ended.cancel();
            Ok(())
        });
        assert!(!tasks.stop(Duration::from_secs(3)).await);
        assert!(done.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_gives_up_at_the_deadline() {
        let tasks = Tasks::default();
        tasks.spawn("stuck", std::future::pending());
        assert!(!tasks.stop(Duration::from_secs(1)).await);
    }
}
