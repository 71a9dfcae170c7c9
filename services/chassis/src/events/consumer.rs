//! The consumer: takes events from Kafka and has each applied at least once, in order within a partition.
//!
//! Exactly-once is not its work but that of [`Apply`]: an offset is stored after the effect, so a crash in between
//! delivers the event again. An event that cannot be applied goes to the dead letters, and the consumer goes on.
//! Events that have gathered are applied [together](Apply::apply_together).

mod conclude;
mod together;

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use chrono::Utc;
use futures_util::FutureExt as _;
use rdkafka::{
    consumer::{Consumer as _, StreamConsumer},
    message::{BorrowedMessage, Message as _},
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, debug, info, warn};

pub use self::together::Delivery;
use super::{
    Applied, Apply, ApplyError, Event, backoff,
    dead_letters::Writer,
    ensure_topics, envelope,
    kafka::{self, Lag},
    span,
};
use crate::{crash, metrics::Metrics, service::Tasks, telemetry::request::RequestContext};

/// Longest pause between attempts while a dependency is away: how long recovery may be noticed late.
const UNAVAILABLE_BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Longest pause between attempts at an event that fails.
const TRANSIENT_BACKOFF_MAX: Duration = Duration::from_secs(5);

/// How long leaving the group may take at the end; the broker notices by itself after the session timeout. Shorter than
/// the first stage of a shutdown (two thirds of 3 s), or a broker that is slow to answer would hold up the relay.
const LEAVE_MAX: Duration = Duration::from_millis(1_500);

/// Outcome of a message that nobody could apply, beside those of [`Applied`].
const DEAD_LETTERED: &str = "dead_lettered";

/// What a consumer is told.
#[derive(Clone, Debug)]
pub struct ConsumerConfig {
    /// `host:port,…`
    pub brokers: String,
    /// Consumer group, also the consumer's name in metrics, crash points and dead letters.
    pub group: String,
    /// Topics to read; created, with their dead-letter topics, if they are not there.
    pub topics: Vec<&'static str>,
    /// Attempts before an event that keeps failing becomes a dead letter, 8: about six seconds, enough for a lock or
    /// a restart, short enough that one event does not hold its partition up for long.
    pub attempts_max: u32,
    /// Longest attempt, 10 s. A handler that hangs counts as failed.
    pub attempt_timeout: Duration,
}

impl ConsumerConfig {
    /// The defaults.
    pub fn new(brokers: &str, group: &str, topics: &[&'static str]) -> Self {
        Self {
            brokers: brokers.to_owned(),
            group: group.to_owned(),
            topics: topics.to_vec(),
            attempts_max: 8,
            attempt_timeout: Duration::from_secs(10),
        }
    }
}

/// A member of a consumer group.
pub struct Consumer<A> {
    config: ConsumerConfig,
    apply: A,
    metrics: Metrics,
    stopping: CancellationToken,
    dead_letters: Writer,
    before_offset: String,
}

/// What became of a message.
enum Outcome {
    Applied(Applied),
    Dead(String),
    /// The service stops; the message stays unprocessed and comes again.
    Stopped,
}

impl<A: Apply> Consumer<A> {
    /// Starts the consumer as a background task. It outlives outages of the broker and of what `apply` needs.
    pub fn spawn(tasks: &Tasks, metrics: &Metrics, config: ConsumerConfig, apply: A) {
        let before_offset = format!("{}.after_commit_before_offset", config.group);
        crash::register(&before_offset);
        let consumer = Self {
            dead_letters: Writer::new(&config.brokers, &config.group),
            config,
            apply,
            metrics: metrics.clone(),
            stopping: tasks.stopping(),
            before_offset,
        };
        consumer.prepare_metrics();
        tasks.spawn("event consumer", consumer.run());
    }

    /// The series are there before the first message, so that the first dead letter shows as an increase.
    fn prepare_metrics(&self) {
        let outcomes = [Applied::Done, Applied::Duplicate, Applied::Ignored].map(Applied::label);
        for topic in &self.config.topics {
            let consumer = self.config.group.as_str();
            for outcome in outcomes.into_iter().chain([DEAD_LETTERED]) {
                let messages = &self.metrics.consumer_messages;
                drop(messages.with_label_values(&[consumer, topic, outcome]));
            }
            self.metrics.consumer_duration.prepare(&[consumer, topic]);
            self.metrics.event_delivery.prepare(&[consumer, topic]);
        }
    }

    async fn run(self) -> anyhow::Result<()> {
        let ConsumerConfig {
            brokers,
            group,
            topics,
            ..
        } = &self.config;
        let topics_exist = ensure_topics(brokers, topics);
        match self.stopping.run_until_cancelled(topics_exist).await {
            Some(result) => result?,
            None => return Ok(()),
        }
        let client = kafka::consumer(brokers, group, &self.metrics).context("Kafka consumer")?;
        client.subscribe(topics).context("subscription")?;
        self.consume(&client).await;
        // Closing commits the stored offsets and leaves the group; it blocks.
        let left = timeout(LEAVE_MAX, tokio::task::spawn_blocking(move || drop(client))).await;
        if left.is_err() {
            debug!(group, "the broker did not answer to our leaving the group");
        }
        Ok(())
    }

    async fn consume(&self, client: &StreamConsumer<Lag>) {
        let mut outage = false;
        while let Some(received) = self.stopping.run_until_cancelled(client.recv()).await {
            match received {
                Ok(message) => {
                    if std::mem::replace(&mut outage, false) {
                        info!(group = self.config.group, "events arrive again");
                    }
                    let messages = together::with_those_behind(client, message, A::TOGETHER_MAX);
                    self.settle_all(client, &messages).await;
                }
                Err(error) => {
                    if !std::mem::replace(&mut outage, true) {
                        warn!(%error, group = self.config.group, "no events arrive");
                    }
                    self.pause(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn settle_all(&self, client: &StreamConsumer<Lag>, messages: &[BorrowedMessage<'_>]) {
        if messages.len() > 1 && self.settle_together(client, messages).await {
            return;
        }
        for message in messages {
            if self.stopping.is_cancelled() {
                return;
            }
            self.settle(client, message).await;
        }
    }

    /// Brings one message to its end, inside a span that continues the writer's trace.
    async fn settle(&self, client: &StreamConsumer<Lag>, message: &BorrowedMessage<'_>) {
        let started = Instant::now();
        let decoded = envelope::decode(message);
        let (span, context) = match &decoded {
            Ok(event) => (
                span::process(message, event, &self.config.group),
                request_context(event),
            ),
            Err(_) => (Span::none(), RequestContext::default()),
        };
        let settled = async {
            let outcome = match decoded {
                Ok(event) => {
                    let outcome = self.apply(&event).await;
                    self.measure_delivery(message.topic(), &event, &outcome);
                    outcome
                }
                Err(error) => Outcome::Dead(error.to_string()),
            };
            self.conclude(client, message, outcome).await;
            self.measure_duration(message.topic(), started.elapsed());
        };
        context.scope(settled).instrument(span).await;
    }

    /// How fresh the event was when it took effect. A duplicate had its effect before.
    fn measure_delivery(&self, topic: &str, event: &Event, outcome: &Outcome) {
        if matches!(outcome, Outcome::Applied(Applied::Done)) {
            // Clocks of two machines may differ: an event from the future arrived at once.
            let age = (Utc::now() - event.time).to_std().unwrap_or_default();
            let durations = &self.metrics.event_delivery;
            durations.observe(&[&self.config.group, topic], age);
        }
    }

    fn measure_duration(&self, topic: &str, took: Duration) {
        let labels = [self.config.group.as_str(), topic];
        self.metrics.consumer_duration.observe(&labels, took);
    }

    /// Attempts until the event is applied, hopeless, or the service stops.
    async fn apply(&self, event: &Event) -> Outcome {
        let mut failures = 0;
        let mut unavailable = 0;
        loop {
            match self.attempt(self.apply.apply(event)).await {
                Ok(applied) => return Outcome::Applied(applied),
                Err(ApplyError::Poison(reason)) => return Outcome::Dead(reason),
                Err(ApplyError::Transient(error)) => {
                    failures += 1;
                    // Once: what becomes of it in the end is logged then.
                    if failures == 1 {
                        warn!(
                            error = format!("{error:#}"),
                            "event not applied; trying again"
                        );
                    }
                    if failures >= self.config.attempts_max {
                        return Outcome::Dead(format!("failed {failures} times: {error:#}"));
                    }
                    self.pause(backoff(failures - 1, TRANSIENT_BACKOFF_MAX))
                        .await;
                }
                Err(ApplyError::Unavailable(error)) => {
                    if unavailable == 0 {
                        warn!(error = format!("{error:#}"), "events wait for a dependency");
                    }
                    self.pause(backoff(unavailable, UNAVAILABLE_BACKOFF_MAX))
                        .await;
                    unavailable += 1;
                }
            }
            if self.stopping.is_cancelled() {
                return Outcome::Stopped;
            }
        }
    }

    /// One attempt. A panic or a hang counts as a failure: the service must not crash on the same event for ever.
    async fn attempt<T>(
        &self,
        work: impl Future<Output = Result<T, ApplyError>>,
    ) -> Result<T, ApplyError> {
        let work = AssertUnwindSafe(work).catch_unwind();
        match timeout(self.config.attempt_timeout, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(ApplyError::Transient(anyhow!("the handler panicked"))),
            Err(_) => Err(ApplyError::Transient(anyhow!(
                "the handler did not end in time"
            ))),
        }
    }

    async fn pause(&self, duration: Duration) {
        self.stopping.run_until_cancelled(sleep(duration)).await;
    }
}

/// An event is worked on under the ids of the request that caused it.
fn request_context(event: &Event) -> RequestContext {
    RequestContext {
        request_id: event.correlation_id.clone(),
        baggage: event.trace.baggage(),
        ..RequestContext::default()
    }
}
