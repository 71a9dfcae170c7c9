//! The inbox: applies an event in one transaction with the note that it was applied.
//!
//! For services whose effect is in PostgreSQL. Who has its effect elsewhere implements [`Apply`] itself.

use std::future::Future;

use sqlx::PgConnection;

use super::{Applied, Apply, ApplyError, Event, Outbox};
use crate::{crash, db::Db, protection::Protection};

/// The effect of an event on a service's tables.
pub trait Handle: Send + Sync + 'static {
    /// Types that concern this consumer. All others are ignored without a transaction.
    const EVENT_TYPES: &'static [&'static str];

    /// Changes the service's own tables, and nothing else: what it does is undone if the commit fails, and is not
    /// repeated if the event comes again. Events may come out of order; `event.sequence` tells.
    fn handle(
        &self,
        conn: &mut PgConnection,
        event: &Event,
    ) -> impl Future<Output = Result<(), ApplyError>> + Send;
}

/// Applies each event once, however often it is delivered.
pub struct Inbox<H> {
    db: Db,
    consumer: String,
    before_commit: String,
    dedupe: Protection,
    outbox: Option<Outbox>,
    handler: H,
}

impl<H: Handle> Inbox<H> {
    /// `consumer` is the name under which applied events are noted: the consumer group.
    pub fn new(db: Db, consumer: &str, handler: H) -> Self {
        let before_commit = format!("{consumer}.after_apply_before_commit");
        crash::register(&before_commit);
        Self {
            db,
            consumer: consumer.to_owned(),
            before_commit,
            dedupe: Protection::register(
                &format!("{consumer}.inbox"),
                "an event that is delivered twice has its effect twice",
            ),
            outbox: None,
            handler,
        }
    }

    /// For a handler that writes events itself: wakes the relay after each commit.
    #[must_use]
    pub fn waking(mut self, outbox: Outbox) -> Self {
        self.outbox = Some(outbox);
        self
    }
}

impl<H: Handle> Apply for Inbox<H> {
    async fn apply(&self, event: &Event) -> Result<Applied, ApplyError> {
        if !H::EVENT_TYPES.contains(&event.event_type.as_str()) {
            return Ok(Applied::Ignored);
        }
        let mut tx = self.db.begin().await?;
        if !note(&mut tx, &self.consumer, event).await? && self.dedupe.is_on() {
            return Ok(Applied::Duplicate);
        }
        self.handler.handle(&mut tx, event).await?;
        crash::point(&self.before_commit);
        tx.commit().await?;
        if let Some(outbox) = &self.outbox {
            outbox.wake();
        }
        Ok(Applied::Done)
    }
}

/// False if the event was noted before. A second delivery at the same moment waits for the first one's commit.
async fn note(conn: &mut PgConnection, consumer: &str, event: &Event) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO inbox (consumer, event_id) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT inbox_once DO NOTHING",
    )
    .bind(consumer)
    .bind(event.id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
