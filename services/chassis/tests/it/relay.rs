//! The relay by itself: one at a time, outages, what a stop leaves behind.

use std::time::Duration;

use chassis::{
    db::Db,
    events::{NewEvent, Relay, RelayConfig},
    testing::{TestDb, unique, wait_for},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{LIMIT, Node, database, event, pending, write};

/// A port on which nobody listens.
const NOBODY: &str = "127.0.0.1:1";

async fn lock_holders(db: &TestDb) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .fetch_one(&db.pool)
    .await
    .unwrap()
}

fn published(node: &Node, topic: &str) -> u64 {
    node.metric("outbox_published_total", &[("topic", topic)])
}

async fn kill_lock_holder(pool: &Db) {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn of_two_relays_one_publishes_and_the_other_takes_over() {
    let db = database().await;
    let (topic, one, two) = (unique("t"), Node::new(), Node::new());
    one.relay(&db.pool, topic);
    wait_for(LIMIT, async || lock_holders(&db).await == 1).await;
    two.relay(&db.pool, topic);
    for _ in 0..10 {
        write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    }
    wait_for(LIMIT, async || pending(&db.pool).await == 0).await;
    assert_eq!((published(&one, topic), published(&two, topic)), (10, 0));
    one.stop().await;
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    wait_for(LIMIT, async || pending(&db.pool).await == 0).await;
    assert_eq!(published(&two, topic), 1);
    two.stop().await;
}

#[tokio::test]
async fn a_relay_that_loses_its_connection_gets_the_lock_again() {
    let db = database().await;
    let (topic, node) = (unique("t"), Node::new());
    node.relay(&db.pool, topic);
    wait_for(LIMIT, async || lock_holders(&db).await == 1).await;
    kill_lock_holder(&db.pool).await;
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    wait_for(LIMIT, async || pending(&db.pool).await == 0).await;
    node.stop().await;
}

#[tokio::test]
async fn without_a_broker_events_wait_are_counted_and_a_stop_is_not_held_up() {
    let db = database().await;
    let (topic, node) = (unique("t"), Node::new());
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    let config = RelayConfig::new(NOBODY, "test", &[topic]);
    Relay::spawn(&node.tasks, &node.metrics, &db.pool, &node.outbox, config);
    wait_for(LIMIT, async || {
        node.metric("outbox_pending", &[("topic", topic)]) == 1
    })
    .await;
    assert!(
        node.tasks.stop(Duration::from_secs(3)).await,
        "a stop takes two seconds at most"
    );
    assert!(!node.tasks.failed().is_cancelled());
    assert_eq!(pending(&db.pool).await, 1, "the next start publishes it");
}

#[tokio::test]
async fn what_was_committed_before_the_stop_is_published_by_it() {
    let db = database().await;
    let (topic, node) = (unique("t"), Node::new());
    node.relay(&db.pool, topic);
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    wait_for(LIMIT, async || pending(&db.pool).await == 0).await;
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    node.stop().await;
    assert_eq!(pending(&db.pool).await, 0);
}

#[tokio::test]
async fn an_event_that_cannot_be_sent_holds_back_its_own_aggregate_and_no_other() {
    let db = database().await;
    let (topic, node) = (unique("t"), Node::new());
    let (stuck, free) = (Uuid::now_v7(), Uuid::now_v7());
    let larger_than_a_message = json!({"amount": 1, "padding": "x".repeat(2_000_000)});
    let oversized = NewEvent {
        data: larger_than_a_message,
        ..event(topic, stuck, 1)
    };
    write(&db.pool, &oversized).await;
    write(&db.pool, &event(topic, stuck, 2)).await;
    for version in 1..=3 {
        write(&db.pool, &event(topic, free, version)).await;
    }
    node.relay(&db.pool, topic);
    wait_for(LIMIT, async || published(&node, topic) == 3).await;
    let waiting: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT aggregate_id, aggregate_version FROM outbox WHERE published_at IS NULL ORDER BY seq",
    )
    .fetch_all(&db.pool)
    .await
    .unwrap();
    assert!(
        waiting.starts_with(&[(stuck, 1), (stuck, 2)]),
        "{waiting:?}"
    );
    node.stop().await;
    assert_eq!(pending(&db.pool).await, 2);
}
