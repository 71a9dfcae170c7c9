//! The outbox: events in the database, in the transaction of the state they tell of. Also the event store.
//!
//! It sends nothing: that is the [relay](super::relay)'s work. Rows are never deleted; an event-sourced aggregate is
//! replayed from its stream, a read model from all streams.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{NewEvent, Relay, RelayConfig};
use crate::{db::Db, service::Context, telemetry::propagation::TraceContext};

/// Constraint that a writer violates who did not see the newest version of its aggregate.
pub const VERSION_CONFLICT: &str = "outbox_aggregate_version";

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct StoredEvent {
    /// Position in the service's history; may have gaps.
    pub seq: i64,
    /// Unique id of the event.
    pub id: Uuid,
    /// Where it is published.
    pub topic: String,
    /// What it is about.
    pub aggregate_id: Uuid,
    /// Version of the aggregate after it.
    pub aggregate_version: i64,
    /// For example `OrderCreated`.
    pub event_type: String,
    /// Version of the shape of `data`.
    pub data_version: i32,
    /// The event's own members.
    pub data: Value,
    /// Joins everything that one request caused.
    pub correlation_id: String,
    /// Context of the request that wrote it.
    #[sqlx(flatten)]
    pub trace: TraceContext,
    /// When it was written.
    pub occurred_at: DateTime<Utc>,
}

/// Tells the relay of this process that there is something to publish.
///
/// In-process on purpose: `NOTIFY` takes a lock that serialises the commits of all writers of the database. A wake-up
/// that is lost (crash, another instance is the active relay) costs one poll interval, no event.
#[derive(Clone, Default)]
pub struct Outbox {
    wake: Arc<Notify>,
}

impl Outbox {
    /// The outbox of a service, with the relay that publishes it to these topics.
    pub fn relayed(context: &Context, db: &Db, brokers: &str, topics: &[&'static str]) -> Self {
        let outbox = Self::default();
        let config = RelayConfig::new(brokers, context.config.name, topics);
        Relay::spawn(&context.tasks, &context.metrics, db, &outbox, config);
        outbox
    }

    /// Call it after the commit, never before.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// Writes an event in the caller's transaction; the current trace goes with it. Returns the event's id.
///
/// # Errors
/// [`VERSION_CONFLICT`] as [`crate::db::constraint`] if another writer was first; otherwise the database's.
pub async fn append(conn: &mut PgConnection, event: &NewEvent) -> sqlx::Result<Uuid> {
    let ids = append_all(conn, std::slice::from_ref(event)).await?;
    Ok(ids[0])
}

/// Writes several events in one statement; `seq` follows their order. Returns their ids.
///
/// # Errors
/// As [`append`].
pub async fn append_all(conn: &mut PgConnection, events: &[NewEvent]) -> sqlx::Result<Vec<Uuid>> {
    let ids: Vec<Uuid> = events.iter().map(|_| Uuid::now_v7()).collect();
    if events.is_empty() {
        return Ok(ids);
    }
    let trace = TraceContext::current();
    sqlx::query(
        "INSERT INTO outbox (id, topic, aggregate_id, aggregate_version, event_type, data_version,
                             data, correlation_id, traceparent, tracestate, baggage)
         SELECT id, topic, aggregate_id, aggregate_version, event_type, data_version,
                data, correlation_id, $9, $10, $11
         FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::integer[],
                     $7::jsonb[], $8::text[])
             WITH ORDINALITY AS event (id, topic, aggregate_id, aggregate_version, event_type,
                                       data_version, data, correlation_id, position)
         ORDER BY position",
    )
    .bind(&ids)
    .bind(column(events, |event| event.topic))
    .bind(column(events, |event| event.aggregate_id))
    .bind(column(events, |event| event.aggregate_version))
    .bind(column(events, |event| event.event_type))
    .bind(column(events, |event| i32::from(event.data_version)))
    .bind(column(events, |event| &event.data))
    .bind(column(events, |event| event.correlation_id.as_str()))
    .bind(trace.traceparent)
    .bind(trace.tracestate)
    .bind(trace.baggage)
    .execute(conn)
    .await?;
    Ok(ids)
}

fn column<'a, T>(events: &'a [NewEvent], of: impl Fn(&'a NewEvent) -> T) -> Vec<T> {
    events.iter().map(of).collect()
}

/// All events of an aggregate, oldest first.
///
/// # Errors
/// The database's.
pub async fn load_stream(
    conn: &mut PgConnection,
    aggregate_id: Uuid,
) -> sqlx::Result<Vec<StoredEvent>> {
    sqlx::query_as(
        "SELECT seq, id, topic, aggregate_id, aggregate_version, event_type, data_version, data,
                correlation_id, traceparent, tracestate, baggage, occurred_at
         FROM outbox WHERE aggregate_id = $1 ORDER BY aggregate_version",
    )
    .bind(aggregate_id)
    .fetch_all(conn)
    .await
}

/// Which events [`stream_all`] returns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Only this topic.
    pub topic: Option<&'a str>,
    /// Only these types.
    pub event_types: Option<&'a [&'a str]>,
}

/// A page of the service's history after `after_seq` (0 is the beginning), oldest first, for rebuilding a read model.
///
/// Read all pages in one `REPEATABLE READ` transaction: a `seq` is drawn before the commit, so a later snapshot may show
/// a lower number than one already passed.
///
/// # Errors
/// The database's.
pub async fn stream_all(
    conn: &mut PgConnection,
    filter: Filter<'_>,
    after_seq: i64,
    limit: u16,
) -> sqlx::Result<Vec<StoredEvent>> {
    sqlx::query_as(
        "SELECT seq, id, topic, aggregate_id, aggregate_version, event_type, data_version, data,
                correlation_id, traceparent, tracestate, baggage, occurred_at
         FROM outbox
         WHERE seq > $1 AND ($2::text IS NULL OR topic = $2)
           AND ($3::text[] IS NULL OR event_type = ANY ($3))
         ORDER BY seq LIMIT $4",
    )
    .bind(after_seq)
    .bind(filter.topic)
    .bind(filter.event_types)
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await
}

/// The oldest events that no broker has acknowledged.
pub(super) async fn unpublished(
    conn: &mut PgConnection,
    limit: u16,
) -> sqlx::Result<Vec<StoredEvent>> {
    sqlx::query_as(
        "SELECT seq, id, topic, aggregate_id, aggregate_version, event_type, data_version, data,
                correlation_id, traceparent, tracestate, baggage, occurred_at
         FROM outbox WHERE published_at IS NULL ORDER BY seq LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await
}

pub(super) async fn mark_published(conn: &mut PgConnection, seqs: &[i64]) -> sqlx::Result<()> {
    sqlx::query("UPDATE outbox SET published_at = clock_timestamp() WHERE seq = ANY ($1)")
        .bind(seqs)
        .execute(conn)
        .await?;
    Ok(())
}

/// Topic, number of pending events, age of the oldest in seconds.
pub(super) async fn backlog(conn: &mut PgConnection) -> sqlx::Result<Vec<(String, i64, i64)>> {
    sqlx::query_as(
        "SELECT topic, count(*), extract(epoch FROM clock_timestamp() - min(occurred_at))::bigint
         FROM outbox WHERE published_at IS NULL GROUP BY topic",
    )
    .fetch_all(conn)
    .await
}
