//! The relay: publishes what the outbox holds, at least once, in order for each aggregate.
//!
//! One relay of a service is active at a time, by a session advisory lock on a connection of its own; the others stand
//! by. Rows are marked only after the broker acknowledged them, so a crash in between publishes them again and the
//! consumers' inboxes drop the second delivery.

mod publish;

use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::publish::Publisher;
use super::{
    backoff,
    kafka::{self, CreateError},
    outbox::{self, Outbox},
};
use crate::{crash, db::Db, metrics::Metrics, service::Tasks};

/// Where a crash costs a second delivery.
const AFTER_PUBLISH: &str = "relay.after_publish_before_mark";

/// Advisory locks are numbered per database, and a service has its own: any constant will do ("relay" in ASCII).
const LOCK: i64 = 0x72_65_6c_61_79;

/// How often a standby asks for the lock: the longest gap after the active relay dies.
const STANDBY_POLL: Duration = Duration::from_secs(1);

/// Longest pause between attempts while the broker is away.
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Longest statement before the connection is given up: a dead peer never answers.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the last round of a stopping relay may take: less than its third of the time that a service has for its
/// end. What is left is published by the next start.
const DRAIN_MAX: Duration = Duration::from_millis(800);

/// What a relay is told.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// `host:port,…`
    pub brokers: String,
    /// Value of `ce_source`, for example `/services/order`.
    pub source: String,
    /// Topics that the service writes; created if they are not there.
    pub topics: Vec<&'static str>,
    /// Events read at once, 200: a fraction of a second of work, so that a stop is soon noticed.
    pub batch: u16,
    /// How often the table is looked at without a wake-up, 500 ms: one cheap query on a partial index.
    pub poll: Duration,
    /// How long the relay gathers events after a wake-up, 250 ms. No customer waits for an event, and each round costs
    /// two statements, a request to the broker and a fetch of each consumer, whether it carries one event or fifty.
    pub gather: Duration,
}

impl RelayConfig {
    /// The defaults for a service.
    pub fn new(brokers: &str, service: &str, topics: &[&'static str]) -> Self {
        Self {
            brokers: brokers.to_owned(),
            source: format!("/services/{service}"),
            topics: topics.to_vec(),
            batch: 200,
            poll: Duration::from_millis(500),
            gather: Duration::from_millis(250),
        }
    }
}

/// Publishes the outbox of one service.
pub struct Relay {
    config: RelayConfig,
    connect: PgConnectOptions,
    publisher: Publisher,
    outbox: Outbox,
    metrics: Metrics,
    /// The service stops, and nobody writes events any more.
    drained: CancellationToken,
    topics_exist: bool,
    /// Something is broken and was logged; the next line is about its end.
    outage: bool,
}

enum Pass {
    /// Everything that was committed before it is published.
    Done,
    /// The batch was full: there may be more.
    More,
    Failed(String),
}

impl Relay {
    /// Starts the relay as a background task. It outlives outages of both sides.
    pub fn spawn(tasks: &Tasks, metrics: &Metrics, db: &Db, outbox: &Outbox, config: RelayConfig) {
        crash::register(AFTER_PUBLISH);
        // A note that an event is published need not survive a crash of the database: it would be published again, and
        // whoever has it already drops it. Nothing else is written over this connection.
        let connect = db.connect_options().clone();
        let connect = connect.options([("synchronous_commit", "off")]);
        let outbox = outbox.clone();
        let (metrics, drained) = (metrics.clone(), tasks.drained());
        tasks.spawn_last("outbox relay", async move {
            let publisher = Publisher::new(&config, &metrics)?;
            let relay = Self {
                config,
                connect,
                publisher,
                outbox,
                metrics,
                drained: drained.clone(),
                topics_exist: false,
                outage: false,
            };
            let too_late = async {
                drained.cancelled().await;
                sleep(DRAIN_MAX).await;
            };
            tokio::select! {
                () = relay.run() => {}
                () = too_late => {}
            }
            Ok(())
        });
    }

    async fn run(mut self) {
        let mut attempt = 0;
        while !self.drained.is_cancelled() {
            let started = Instant::now();
            if let Err(error) = self.lead().await {
                self.broken(&format!("database: {error}"));
                // A connection that held for a while was a good one: start over with short pauses.
                attempt = if started.elapsed() > BACKOFF_MAX {
                    0
                } else {
                    attempt + 1
                };
                self.pause(backoff(attempt, BACKOFF_MAX)).await;
            }
        }
    }

    /// Holds the lock and publishes, until the service stops or the connection, and the lock with it, is lost.
    async fn lead(&mut self) -> sqlx::Result<()> {
        let mut conn = in_time(self.connect.connect()).await?;
        while !in_time(try_lock(&mut conn)).await? {
            if self.drained.is_cancelled() {
                return Ok(());
            }
            self.pause(STANDBY_POLL).await;
        }
        self.publish_until_stopped(&mut conn).await?;
        in_time(conn.close()).await
    }

    async fn publish_until_stopped(&mut self, conn: &mut PgConnection) -> sqlx::Result<()> {
        let mut failures = 0;
        let mut reported = None;
        loop {
            // Looked at before the pass: whatever was committed before the stop is still published.
            let stopping = self.drained.is_cancelled();
            if reported.is_none_or(|at: Instant| at.elapsed() >= Duration::from_secs(1)) {
                self.report_backlog(conn).await?;
                reported = Some(Instant::now());
            }
            let pass = self.pass(conn).await?;
            if !matches!(pass, Pass::Failed(_)) {
                self.mended();
                failures = 0;
            }
            match pass {
                Pass::More => {}
                Pass::Done | Pass::Failed(_) if stopping => return Ok(()),
                Pass::Done => self.wait_for_work().await,
                Pass::Failed(reason) => {
                    self.broken(&reason);
                    self.pause(backoff(failures, BACKOFF_MAX)).await;
                    failures += 1;
                }
            }
        }
    }

    /// Publishes one batch and marks what the broker acknowledged.
    async fn pass(&mut self, conn: &mut PgConnection) -> sqlx::Result<Pass> {
        if let Err(error) = self.create_topics().await {
            return Ok(Pass::Failed(error.to_string()));
        }
        let events = in_time(outbox::unpublished(conn, self.config.batch)).await?;
        let more = events.len() == usize::from(self.config.batch);
        let (published, failure) = self.publisher.publish(events).await;
        if !published.is_empty() {
            crash::point(AFTER_PUBLISH);
            in_time(outbox::mark_published(conn, &published)).await?;
        }
        match failure {
            Some(error) => {
                // A broker that lost its disk has lost its topics too.
                self.topics_exist = false;
                Ok(Pass::Failed(error.to_string()))
            }
            None if more => Ok(Pass::More),
            None => Ok(Pass::Done),
        }
    }

    async fn create_topics(&mut self) -> Result<(), CreateError> {
        if !self.topics_exist {
            kafka::create_topics(&self.config.brokers, &self.config.topics).await?;
            self.topics_exist = true;
        }
        Ok(())
    }

    async fn report_backlog(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        let backlog = in_time(outbox::backlog(conn)).await?;
        let done = self
            .config
            .topics
            .iter()
            .map(|topic| ((*topic).to_owned(), 0, 0));
        for (topic, pending, age_s) in done.chain(backlog) {
            self.metrics
                .outbox_pending
                .with_label_values(&[&topic])
                .set(pending);
            self.metrics
                .outbox_oldest_age
                .with_label_values(&[&topic])
                .set(age_s);
        }
        Ok(())
    }

    async fn wait_for_work(&self) {
        tokio::select! {
            () = self.outbox.woken() => self.pause(self.config.gather).await,
            () = self.pause(self.config.poll) => {}
        }
    }

    /// Sleeps, unless the service stops.
    async fn pause(&self, duration: Duration) {
        self.drained.run_until_cancelled(sleep(duration)).await;
    }

    /// Logs the beginning of an outage, not each attempt in it.
    fn broken(&mut self, reason: &str) {
        if !std::mem::replace(&mut self.outage, true) {
            warn!(
                reason,
                "the relay cannot publish; events wait in the outbox"
            );
        }
    }

    fn mended(&mut self) {
        if std::mem::replace(&mut self.outage, false) {
            info!("the relay is well again");
        }
    }
}

async fn try_lock(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(LOCK)
        .fetch_one(conn)
        .await
}

async fn in_time<T>(work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    timeout(DATABASE_TIMEOUT, work).await.unwrap_or_else(|_| {
        let error = std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time");
        Err(sqlx::Error::Io(error))
    })
}
