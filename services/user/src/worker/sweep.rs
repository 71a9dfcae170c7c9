//! The sweep: takes away what is past its time, and personal data that has been published.
//!
//! Every statement may run in several instances at once and at any time; nothing depends on it having run.

use std::time::Duration;

use chassis::{db::Db, service::Tasks};
use sqlx::PgConnection;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use crate::{
    domain::events::PERSONAL_MEMBERS,
    store::{sessions, signing_keys, verifications},
};

/// Rows of one kind taken at once: a fraction of a second, far below the statement timeout. More wait for the next time.
const BATCH: i64 = 2_000;

/// Sweeps at every interval until the service stops.
pub(crate) fn spawn(tasks: &Tasks, pool: Db, every: Duration) {
    let stopping = tasks.stopping();
    tasks.spawn("sweep", async move {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            match sweep(&pool).await {
                Ok(rows) => debug!(rows, "swept"),
                // The next tick tries again.
                Err(error) => warn!(%error, "sweep failed"),
            }
        }
        Ok(())
    });
}

/// Sweeps once: how many rows.
async fn sweep(pool: &Db) -> sqlx::Result<u64> {
    let mut conn = pool.acquire().await?;
    Ok(sessions::delete_expired(&mut conn, BATCH).await?
        + verifications::delete_expired(&mut conn).await?
        + signing_keys::delete_expired(&mut conn).await?
        + redact_published(&mut conn).await?)
}

/// The outbox keeps its rows for ever. Here they are transport, never replayed, so what is about a person goes as soon as
/// the broker has it: a deleted user, or a verification token hashed everywhere else, must not live on in them.
/// The condition is that of the index `outbox_personal_data`, word for word.
async fn redact_published(conn: &mut PgConnection) -> sqlx::Result<u64> {
    sqlx::query(
        "UPDATE outbox SET data = data - $1 WHERE seq IN
             (SELECT seq FROM outbox
              WHERE topic = 'user.events' AND published_at IS NOT NULL
                AND data ?| ARRAY['email', 'name', 'verification_token']
              ORDER BY seq LIMIT $2)",
    )
    .bind(PERSONAL_MEMBERS.as_slice())
    .bind(BATCH)
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
