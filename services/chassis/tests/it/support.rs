//! A consumer with an effect that can be counted, and the plumbing around it.

use std::{borrow::Cow, time::Duration};

use chassis::{
    db::Db,
    events::{
        ApplyError, Consumer, ConsumerConfig, Event, Handle, Inbox, NewEvent, Outbox, Relay,
        RelayConfig, outbox,
    },
    metrics::Metrics,
    service::Tasks,
    testing::{self, TestDb, scrape::Scrape},
};
use serde_json::json;
use sqlx::{
    PgConnection, SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};
use uuid::Uuid;

/// Generous, because two cores may be shared by many builds; passing tests never wait for it.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// What a service would have: a table for the effect of events.
pub(crate) fn migrator() -> Migrator {
    Migrator::with_migrations(vec![migration(
        1000,
        "CREATE TABLE effect (position bigint GENERATED ALWAYS AS IDENTITY, event_id uuid NOT NULL,
                              aggregate_id uuid NOT NULL, sequence bigint NOT NULL,
                              amount bigint NOT NULL CONSTRAINT effect_amount_not_negative CHECK (amount >= 0))",
    )])
}

pub(crate) fn migration(version: i64, sql: &'static str) -> Migration {
    let description = Cow::Borrowed("test");
    Migration::new(
        version,
        description,
        MigrationType::Simple,
        sql.into_sql_str(),
        false,
    )
}

pub(crate) fn brokers() -> String {
    testing::env("TEST_KAFKA_BROKERS")
}

pub(crate) fn event(topic: &'static str, aggregate_id: Uuid, version: i64) -> NewEvent {
    NewEvent {
        topic,
        aggregate_id,
        aggregate_version: version,
        event_type: "Counted",
        data_version: 1,
        data: json!({"amount": 1, "a member of a newer writer": true}),
        correlation_id: "req-1".to_owned(),
    }
}

/// Writes one event in a transaction of its own, as a service does with its state.
pub(crate) async fn write(pool: &Db, event: &NewEvent) -> Uuid {
    let mut tx = pool.begin().await.unwrap();
    let id = outbox::append(&mut tx, event).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Adds each event's amount to the table `effect`.
pub(crate) struct Counter;

impl Handle for Counter {
    const EVENT_TYPES: &'static [&'static str] = &["Counted"];

    async fn handle(&self, conn: &mut PgConnection, event: &Event) -> Result<(), ApplyError> {
        #[derive(serde::Deserialize)]
        struct View {
            amount: i64,
        }
        let view: View = event.parse()?;
        sqlx::query(
            "INSERT INTO effect (event_id, aggregate_id, sequence, amount) VALUES ($1, $2, $3, $4)",
        )
        .bind(event.id)
        .bind(event.subject)
        .bind(event.sequence)
        .bind(view.amount)
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// One service in this process: tasks, metrics, and a database that it may share with another one.
pub(crate) struct Node {
    pub(crate) tasks: Tasks,
    pub(crate) metrics: Metrics,
    pub(crate) outbox: Outbox,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self {
            tasks: Tasks::default(),
            metrics: Metrics::new("test"),
            outbox: Outbox::default(),
        }
    }

    pub(crate) fn relay(&self, pool: &Db, topic: &'static str) {
        let config = RelayConfig::new(&brokers(), "test", &[topic]);
        Relay::spawn(&self.tasks, &self.metrics, pool, &self.outbox, config);
    }

    pub(crate) fn counter(&self, pool: &Db, group: &str, topic: &'static str) {
        let config = ConsumerConfig::new(&brokers(), group, &[topic]);
        let inbox = Inbox::new(pool.clone(), group, Counter);
        Consumer::spawn(&self.tasks, &self.metrics, config, inbox);
    }

    /// What a scraper would read; whole numbers only.
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        Scrape::parse(&self.metrics.render()).value(name, labels) as u64
    }

    pub(crate) fn outcomes(&self, group: &str, topic: &str, outcome: &str) -> u64 {
        let labels = [("consumer", group), ("topic", topic), ("outcome", outcome)];
        self.metric("consumer_messages_total", &labels)
    }

    pub(crate) async fn stop(&self) {
        assert!(self.tasks.stop(LIMIT).await, "tasks end when told to");
        assert!(!self.tasks.failed().is_cancelled(), "no task failed");
    }
}

pub(crate) async fn database() -> TestDb {
    testing::database(&migrator()).await
}

pub(crate) async fn effects(pool: &Db) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM effect")
        .fetch_one(pool)
        .await
        .unwrap()
}

pub(crate) async fn pending(pool: &Db) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM outbox WHERE published_at IS NULL")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Makes the relay publish everything again, as after a crash before the mark.
pub(crate) async fn unmark(pool: &Db) {
    sqlx::query("UPDATE outbox SET published_at = NULL")
        .execute(pool)
        .await
        .unwrap();
}

/// A request from outside of all services.
#[expect(
    clippy::disallowed_methods,
    reason = "the test's own client is no edge of the shop"
)]
pub(crate) fn request(method: http::Method, url: &str) -> reqwest::RequestBuilder {
    reqwest::Client::new().request(method, url)
}
