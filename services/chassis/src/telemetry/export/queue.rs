//! A bounded queue and the task that empties it. It knows nothing of OTLP.

use std::{
    collections::VecDeque,
    future::Future,
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::super::items::{Outcome, Signal, count};
use crate::{
    config::{ConfigError, Env},
    service::Tasks,
};

/// How much waits and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Items that wait at most; about 1 KiB each.
    queue: usize,
    /// Items in one request.
    batch: usize,
    /// Longest wait of an item while the endpoint is well.
    delay: Duration,
}

impl Limits {
    /// `<prefix>_MAX_QUEUE_SIZE`, `_MAX_EXPORT_BATCH_SIZE`, `_SCHEDULE_DELAY` as OpenTelemetry names them. The delay is
    /// shorter than its 5 s by default: somebody is looking at the trace.
    pub(super) fn from_env(env: &Env, prefix: &str) -> Result<Self, ConfigError> {
        let size = |name: &str, default: usize| {
            let default = NonZeroUsize::new(default).expect("defaults are positive");
            env.parsed_or(&format!("{prefix}_{name}"), default)
                .map(NonZeroUsize::get)
        };
        let queue = size("MAX_QUEUE_SIZE", 2048)?;
        Ok(Self {
            queue,
            batch: size("MAX_EXPORT_BATCH_SIZE", 512)?.min(queue),
            delay: env
                .millis_or(&format!("{prefix}_SCHEDULE_DELAY"), 1_000)?
                .max(Duration::from_millis(1)),
        })
    }
}

/// Sends a batch, with a limit on how long it may take.
pub(super) trait Export<T>: Send + Sync + 'static {
    /// Whether the endpoint took all of it.
    fn export(&self, batch: Vec<T>) -> impl Future<Output = Result<(), Refused>> + Send;
}

/// What the endpoint did not take of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) items: usize,
    pub(super) reason: String,
}

/// The end of the queue that the business sees.
#[derive(Debug)]
pub(super) struct Queue<T> {
    signal: Signal,
    limits: Limits,
    waiting: Arc<Mutex<VecDeque<T>>>,
    batch_is_full: Arc<Notify>,
}

impl<T: Send + 'static> Queue<T> {
    /// Starts the task that empties it.
    pub(super) fn spawn<E: Export<T>>(
        signal: Signal,
        limits: Limits,
        tasks: &Tasks,
        exporter: E,
    ) -> Self {
        let queue = Self {
            signal,
            limits,
            waiting: Arc::default(),
            batch_is_full: Arc::default(),
        };
        let worker = Worker {
            exporter,
            stopping: tasks.stopping(),
            outage: false,
            queue: Self {
                waiting: queue.waiting.clone(),
                batch_is_full: queue.batch_is_full.clone(),
                ..queue
            },
        };
        tasks.spawn("telemetry export", worker.run());
        queue
    }

    /// Takes an item over, or drops and counts it. Never waits.
    pub(super) fn offer(&self, item: T) {
        let mut waiting = self.waiting.lock().expect("no panic while held");
        if waiting.len() >= self.limits.queue {
            drop(waiting);
            count(self.signal, Outcome::Dropped, 1);
            return;
        }
        waiting.push_back(item);
        if waiting.len() == self.limits.batch {
            self.batch_is_full.notify_one();
        }
    }

    fn take(&self) -> Vec<T> {
        let mut waiting = self.waiting.lock().expect("no panic while held");
        let len = waiting.len().min(self.limits.batch);
        waiting.drain(..len).collect()
    }
}

struct Worker<T, E> {
    exporter: E,
    queue: Queue<T>,
    stopping: CancellationToken,
    outage: bool,
}

impl<T: Send + 'static, E: Export<T>> Worker<T, E> {
    /// Ends when the process does, after a last round; whoever waits for it sets the limit.
    async fn run(mut self) -> anyhow::Result<()> {
        let mut ticks = interval(self.queue.limits.delay);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let last = tokio::select! {
                () = self.stopping.cancelled() => true,
                () = self.queue.batch_is_full.notified() => false,
                _ = ticks.tick() => false,
            };
            self.empty().await;
            if last {
                return Ok(());
            }
        }
    }

    async fn empty(&mut self) {
        loop {
            let batch = self.queue.take();
            if batch.is_empty() {
                return;
            }
            let len = batch.len();
            let result = self.exporter.export(batch).await;
            let refused = result
                .as_ref()
                .map_or_else(|refused| refused.items.min(len), |()| 0);
            count(self.queue.signal, Outcome::Exported, len - refused);
            count(self.queue.signal, Outcome::Failed, refused);
            self.report(result);
        }
    }

    /// Logs the beginning and the end of an outage, not each failure in it.
    fn report(&mut self, result: Result<(), Refused>) {
        let signal = self.queue.signal.as_str();
        match result {
            Ok(()) if std::mem::take(&mut self.outage) => {
                info!(signal, "telemetry is exported again")
            }
            Err(Refused { items, reason }) if !std::mem::replace(&mut self.outage, true) => {
                warn!(
                    signal,
                    items, reason, "telemetry is lost: the endpoint does not take it"
                );
            }
            _ => {}
        }
    }
}
