//! From the outbox through Kafka into an inbox: one effect for each event, whatever is lost, doubled or reordered.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use chassis::{
    config::Env,
    events::{Applied, Apply, ApplyError, Consumer, ConsumerConfig, Event, NewEvent},
    protection,
    testing::{unique, wait_for},
};
use uuid::Uuid;

use crate::support::{LIMIT, Node, brokers, database, effects, event, pending, unmark, write};

#[tokio::test]
async fn every_event_has_one_effect_although_all_are_published_twice() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    for _ in 0..20 {
        write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    }
    node.relay(&db.pool, topic);
    node.counter(&db.pool, group, topic);
    wait_for(LIMIT, async || pending(&db.pool).await == 0).await;
    unmark(&db.pool).await;
    wait_for(LIMIT, async || {
        node.outcomes(group, topic, "duplicate") == 20
    })
    .await;
    assert_eq!(node.outcomes(group, topic, "done"), 20);
    assert_eq!(effects(&db.pool).await, 20);
    node.stop().await;
}

#[tokio::test]
async fn without_the_inbox_an_event_that_comes_twice_has_its_effect_twice() {
    protection::configure(&Env::from_pairs([("PROTECTION_SWITCHES_ENABLED", "true")])).unwrap();
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    node.relay(&db.pool, topic);
    node.counter(&db.pool, group, topic);
    protection::switch_off(&format!("{group}.inbox"), LIMIT).unwrap();
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    node.outbox.wake();
    wait_for(LIMIT, async || pending(&db.pool).await == 0).await;
    unmark(&db.pool).await;
    wait_for(LIMIT, async || effects(&db.pool).await == 2).await;
    node.stop().await;
}

#[tokio::test]
async fn an_aggregates_events_arrive_in_the_order_of_its_versions() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    let aggregates: Vec<_> = (0..5).map(|_| Uuid::now_v7()).collect();
    for version in 1..=20 {
        for aggregate in &aggregates {
            write(&db.pool, &event(topic, *aggregate, version)).await;
        }
    }
    node.relay(&db.pool, topic);
    node.counter(&db.pool, group, topic);
    wait_for(LIMIT, async || effects(&db.pool).await == 100).await;
    for aggregate in aggregates {
        let sequences: Vec<i64> = sqlx::query_scalar(
            "SELECT sequence FROM effect WHERE aggregate_id = $1 ORDER BY position",
        )
        .bind(aggregate)
        .fetch_all(&db.pool)
        .await
        .unwrap();
        assert_eq!(sequences, (1..=20).collect::<Vec<_>>());
    }
    node.stop().await;
}

#[tokio::test]
async fn two_consumers_of_one_topic_both_apply_each_event() {
    let db = database().await;
    let (topic, one, two, node) = (unique("t"), unique("g"), unique("g"), Node::new());
    node.relay(&db.pool, topic);
    node.counter(&db.pool, one, topic);
    node.counter(&db.pool, two, topic);
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    node.outbox.wake();
    wait_for(LIMIT, async || effects(&db.pool).await == 2).await;
    node.stop().await;
}

#[tokio::test]
async fn a_restarted_consumer_goes_on_where_it_stopped() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    node.relay(&db.pool, topic);
    let first = Node::new();
    first.counter(&db.pool, group, topic);
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    wait_for(LIMIT, async || effects(&db.pool).await == 1).await;
    first.stop().await;
    let second = Node::new();
    second.counter(&db.pool, group, topic);
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    wait_for(LIMIT, async || effects(&db.pool).await == 2).await;
    assert_eq!(
        second.outcomes(group, topic, "duplicate"),
        0,
        "the offset was committed"
    );
    second.stop().await;
    node.stop().await;
}

#[tokio::test]
async fn an_unknown_type_is_ignored_and_noted_nowhere() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    let novelty = NewEvent {
        event_type: "Novelty",
        ..event(topic, Uuid::now_v7(), 1)
    };
    write(&db.pool, &novelty).await;
    node.relay(&db.pool, topic);
    node.counter(&db.pool, group, topic);
    wait_for(LIMIT, async || node.outcomes(group, topic, "ignored") == 1).await;
    let noted: i64 = sqlx::query_scalar("SELECT count(*) FROM inbox")
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!((noted, effects(&db.pool).await), (0, 0));
    node.stop().await;
}

/// Its dependency is away for longer than an event may fail.
struct Away {
    calls: Arc<AtomicU32>,
}

impl Apply for Away {
    async fn apply(&self, _event: &Event) -> Result<Applied, ApplyError> {
        if self.calls.fetch_add(1, Ordering::SeqCst) < 3 {
            return Err(ApplyError::Unavailable(anyhow::anyhow!(
                "connection refused"
            )));
        }
        Ok(Applied::Done)
    }
}

#[tokio::test]
async fn an_event_outlives_an_outage_of_what_it_needs() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    let calls = Arc::new(AtomicU32::new(0));
    let mut config = ConsumerConfig::new(&brokers(), group, &[topic]);
    config.attempts_max = 1;
    Consumer::spawn(
        &node.tasks,
        &node.metrics,
        config,
        Away {
            calls: calls.clone(),
        },
    );
    node.relay(&db.pool, topic);
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    wait_for(LIMIT, async || node.outcomes(group, topic, "done") == 1).await;
    assert_eq!(calls.load(Ordering::SeqCst), 4);
    assert_eq!(node.outcomes(group, topic, "dead_lettered"), 0);
    node.stop().await;
}

#[tokio::test]
async fn how_far_a_consumer_is_behind_is_a_metric() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    node.relay(&db.pool, topic);
    node.counter(&db.pool, group, topic);
    let caught_up = format!(r#"consumer_lag{{consumer="{group}""#);
    wait_for(LIMIT, async || {
        let text = node.metrics.render();
        text.lines()
            .any(|line| line.starts_with(&caught_up) && line.ends_with(" 0"))
    })
    .await;
    assert_eq!(effects(&db.pool).await, 1);
    node.stop().await;
}
