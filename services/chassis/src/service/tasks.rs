//! Background work: named, counted, told to stop, waited for.

use std::{future::Future, time::Duration};

use futures_util::FutureExt as _;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument as _, error};

use crate::telemetry::request::RequestContext;

/// The background tasks of a service. The one place that may call `tokio::spawn`.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
    failed: CancellationToken,
}

impl Tasks {
    /// Spawns a task that lives as long as the service. One that ends with an error or a panic takes the service down:
    /// a service without its relay or its server is worse than one that restarts.
    pub fn spawn<F>(&self, name: &'static str, future: F)
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
        self.tracker.spawn(watched.in_current_span());
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

    /// Cancelled when a task failed.
    pub fn failed(&self) -> CancellationToken {
        self.failed.clone()
    }

    /// Tells all tasks to stop and waits. False when the deadline came first.
    pub async fn stop(&self, deadline: Duration) -> bool {
        self.stopping.cancel();
        self.tracker.close();
        tokio::time::timeout(deadline, self.tracker.wait())
            .await
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
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

    #[tokio::test(start_paused = true)]
    async fn stopping_gives_up_at_the_deadline() {
        let tasks = Tasks::default();
        tasks.spawn("stuck", std::future::pending());
        assert!(!tasks.stop(Duration::from_secs(1)).await);
    }
}
