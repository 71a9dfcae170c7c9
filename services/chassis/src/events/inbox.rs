//! The inbox: applies events in one transaction with the note that they were applied.
//!
//! For services whose effect is in PostgreSQL. Who has its effect elsewhere implements [`Apply`] itself.

use std::future::Future;

use sqlx::PgConnection;

use super::{Applied, Apply, ApplyError, Delivery, Event, Outbox};
use crate::{
    crash,
    db::{Db, Tx},
    protection::Protection,
};

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
    /// A fraction of a second of work: a request may wait for a row that one of them has changed.
    const TOGETHER_MAX: usize = 50;

    async fn apply(&self, event: &Event) -> Result<Applied, ApplyError> {
        if !concerns::<H>(event) {
            return Ok(Applied::Ignored);
        }
        let mut tx = self.db.begin().await?;
        let applied = self.apply_in(&mut tx, event).await?;
        if applied == Applied::Done {
            self.commit(tx).await?;
        }
        Ok(applied)
    }

    async fn apply_together(&self, deliveries: &[Delivery]) -> Result<Vec<Applied>, ApplyError> {
        if !deliveries.iter().any(|it| concerns::<H>(&it.event)) {
            return Ok(vec![Applied::Ignored; deliveries.len()]);
        }
        let mut tx = self.db.begin().await?;
        let mut applied = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let work = self.apply_in(&mut tx, &delivery.event);
            applied.push(delivery.within(work).await?);
        }
        // The commit of all of them is shown with the first that had its effect.
        if let Some(done) = applied.iter().position(|it| *it == Applied::Done) {
            deliveries[done].within(self.commit(tx)).await?;
        }
        Ok(applied)
    }
}

impl<H: Handle> Inbox<H> {
    async fn apply_in(
        &self,
        conn: &mut PgConnection,
        event: &Event,
    ) -> Result<Applied, ApplyError> {
        if !concerns::<H>(event) {
            return Ok(Applied::Ignored);
        }
        if !note(conn, &self.consumer, event).await? && self.dedupe.is_on() {
            return Ok(Applied::Duplicate);
        }
        self.handler.handle(conn, event).await?;
        Ok(Applied::Done)
    }

    async fn commit(&self, tx: Tx) -> Result<(), ApplyError> {
        crash::point(&self.before_commit);
        tx.commit().await?;
        if let Some(outbox) = &self.outbox {
            outbox.wake();
        }
        Ok(())
    }
}

fn concerns<H: Handle>(event: &Event) -> bool {
    H::EVENT_TYPES.contains(&event.event_type.as_str())
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
