//! Events that have gathered are applied with one commit, and one of them that fails takes no other with it.

use chassis::{
    events::dead_letters,
    testing::{TestDb, unique, wait_for},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{LIMIT, Node, brokers, database, effects, event, pending, write};

/// Transactions that have had an effect.
async fn commits(db: &TestDb) -> i64 {
    sqlx::query_scalar("SELECT count(DISTINCT xmin::text) FROM effect")
        .fetch_one(&db.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn events_that_have_gathered_share_a_commit() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    for _ in 0..100 {
        write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    }
    node.relay(&db.pool, topic);
    wait_for(LIMIT, async || pending(&db.pool).await == 0).await;
    node.counter(&db.pool, group, topic);
    wait_for(LIMIT, async || node.outcomes(group, topic, "done") == 100).await;
    assert_eq!(effects(&db.pool).await, 100);
    // Three partitions, each with some thirty events that arrive in one or a few answers.
    let commits = commits(&db).await;
    assert!(commits <= 25, "{commits} commits for 100 events");
    node.stop().await;
}

#[tokio::test]
async fn a_poisoned_event_among_many_is_buried_alone() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    for position in 0..60 {
        let mut event = event(topic, Uuid::now_v7(), 1);
        if position % 20 == 10 {
            event.data = json!({"amount": "a word"});
        }
        write(&db.pool, &event).await;
    }
    node.relay(&db.pool, topic);
    wait_for(LIMIT, async || pending(&db.pool).await == 0).await;
    node.counter(&db.pool, group, topic);
    wait_for(LIMIT, async || {
        node.outcomes(group, topic, "done") + node.outcomes(group, topic, "dead_lettered") == 60
    })
    .await;
    assert_eq!(node.outcomes(group, topic, "dead_lettered"), 3);
    assert_eq!(effects(&db.pool).await, 57);
    let letters = dead_letters::list(&brokers(), &[topic]).await.unwrap();
    assert_eq!(letters.len(), 3);
    node.stop().await;
}
