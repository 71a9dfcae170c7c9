//! How long the chassis keeps idempotency keys and inbox rows, and the task that deletes what is older.
//!
//! Not here: the outbox. It is the history of the service, and its rows stay.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use crate::{
    config::{ConfigError, Env},
    db::Db,
    service::Tasks,
};

/// Rows of one statement: a few milliseconds, so that no request waits long for a row or for the log.
const BATCH: i64 = 1_000;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What is kept for how long.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Of idempotency keys: `IDEMPOTENCY_RETENTION_MS`, 24 hours. A client that asks again does so within minutes, a
    /// batch job the next morning.
    pub idempotency: Duration,
    /// Of inbox rows: `INBOX_RETENTION_MS`, 15 days. Must be longer than the broker can deliver an event again. Kafka
    /// by default deletes a segment 7 days after its last message, and closes it after 7: what is older than 14 days
    /// is gone. Who keeps topics longer sets this longer.
    pub inbox: Duration,
    /// How often is looked: `PRUNE_INTERVAL_MS`, one minute. Two queries on indexes.
    pub interval: Duration,
}

impl Retention {
    /// The defaults, overridden by the environment.
    ///
    /// # Errors
    /// A variable that cannot be parsed, or an interval of zero.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let interval = env.millis_or("PRUNE_INTERVAL_MS", 60_000)?;
        if interval.is_zero() {
            return Err(ConfigError::Invalid {
                name: "PRUNE_INTERVAL_MS".to_owned(),
                reason: "must be at least 1 millisecond".to_owned(),
            });
        }
        Ok(Self {
            idempotency: env.millis_or("IDEMPOTENCY_RETENTION_MS", DAY_MS)?,
            inbox: env.millis_or("INBOX_RETENTION_MS", 15 * DAY_MS)?,
            interval,
        })
    }
}

/// Prunes at every interval until the service stops.
pub(crate) fn spawn(tasks: &Tasks, db: Db, retention: Retention) {
    let stopping = tasks.stopping();
    tasks.spawn("pruning", async move {
        let mut ticks = interval(retention.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            let pruned = stopping.run_until_cancelled(prune(&db, &retention));
            match pruned.await {
                Some(Ok(rows)) => debug!(rows, "pruned"),
                // The next tick tries again.
                Some(Err(error)) => warn!(%error, "pruning failed"),
                None => {}
            }
        }
        Ok(())
    });
}

/// Deletes everything that is past its time, a batch at once; returns how many rows. Several instances may do it at the
/// same time: each takes rows that the others have not locked.
///
/// # Errors
/// The database's.
pub async fn prune(db: &Db, retention: &Retention) -> sqlx::Result<u64> {
    // A key whose resource is made but not answered for stays: whoever asks again must find it, however late.
    let keys = "DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM idempotency
                    WHERE created_at < clock_timestamp() - make_interval(secs => $1)
                      AND locked_until < clock_timestamp()
                      AND (response_status IS NOT NULL OR resource_id IS NULL)
                    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))";
    let applied = "DELETE FROM inbox WHERE ctid = ANY (ARRAY(
                       SELECT ctid FROM inbox
                       WHERE applied_at < clock_timestamp() - make_interval(secs => $1)
                       ORDER BY applied_at LIMIT $2 FOR UPDATE SKIP LOCKED))";
    Ok(delete(db, keys, retention.idempotency).await?
        + delete(db, applied, retention.inbox).await?)
}

async fn delete(db: &Db, sql: &'static str, older_than: Duration) -> sqlx::Result<u64> {
    let mut deleted = 0;
    loop {
        let batch = sqlx::query(sql)
            .bind(older_than.as_secs_f64())
            .bind(BATCH)
            .execute(db)
            .await?
            .rows_affected();
        deleted += batch;
        if batch < BATCH.unsigned_abs() {
            return Ok(deleted);
        }
    }
}
