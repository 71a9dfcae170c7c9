//! Poison does not stop a consumer, is kept with its reason, and can be sent back.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chassis::{
    events::{
        Applied, Apply, ApplyError, Consumer, ConsumerConfig, Event, NewEvent,
        dead_letters::{list, redrive},
    },
    testing::{unique, wait_for},
};
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{LIMIT, Node, brokers, database, effects, event, write};

async fn produce_rubbish(topic: &str) {
    let mut config = ClientConfig::new();
    let producer: FutureProducer = config.set("bootstrap.servers", brokers()).create().unwrap();
    let record = FutureRecord::to(topic).key("k").payload("not an event");
    producer.send(record, Timeout::Never).await.unwrap();
}

#[tokio::test]
async fn rubbish_becomes_a_dead_letter_with_its_reason_and_the_consumer_goes_on() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    chassis::events::ensure_topics(&brokers(), &[topic])
        .await
        .unwrap();
    produce_rubbish(topic).await;
    let misfit = NewEvent {
        data: json!({"amount": "many"}),
        ..event(topic, Uuid::now_v7(), 1)
    };
    let misfit_id = write(&db.pool, &misfit).await;
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    node.relay(&db.pool, topic);
    node.counter(&db.pool, group, topic);
    wait_for(LIMIT, async || {
        effects(&db.pool).await == 1 && node.outcomes(group, topic, "dead_lettered") == 2
    })
    .await;
    let mut letters = list(&brokers(), &[topic]).await.unwrap();
    letters.sort_by_key(|letter| letter.event_id.is_some());
    let [rubbish, misfit] = &letters[..] else {
        panic!("{letters:?}")
    };
    assert_eq!(rubbish.reason, "header ce_specversion is missing");
    assert_eq!(
        (rubbish.body.as_str(), rubbish.key.as_deref()),
        ("not an event", Some("k"))
    );
    assert_eq!(misfit.event_id, Some(misfit_id.to_string()));
    assert_eq!(misfit.consumer, group);
    assert!(
        misfit.reason.contains("data of Counted does not fit"),
        "{}",
        misfit.reason
    );
    assert_eq!(
        list(&brokers(), &[topic]).await.unwrap().len(),
        2,
        "listing consumes nothing"
    );
    node.stop().await;
}

/// Fails, by panic at first, until somebody mends it.
struct Broken {
    mended: Arc<AtomicBool>,
    panicked: AtomicBool,
}

impl Apply for Broken {
    async fn apply(&self, event: &Event) -> Result<Applied, ApplyError> {
        if self.mended.load(Ordering::SeqCst) {
            assert_eq!(event.event_type, "Counted", "a redriven event is whole");
            return Ok(Applied::Done);
        }
        assert!(
            self.panicked.swap(true, Ordering::SeqCst),
            "a bug in a handler"
        );
        Err(ApplyError::Transient(anyhow::anyhow!("still broken")))
    }
}

#[tokio::test]
async fn a_failing_event_is_retried_buried_and_applied_once_it_is_redriven() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    let mended = Arc::new(AtomicBool::new(false));
    let broken = Broken {
        mended: mended.clone(),
        panicked: AtomicBool::new(false),
    };
    let mut config = ConsumerConfig::new(&brokers(), group, &[topic]);
    config.attempts_max = 3;
    Consumer::spawn(&node.tasks, &node.metrics, config, broken);
    node.relay(&db.pool, topic);
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    wait_for(LIMIT, async || {
        node.outcomes(group, topic, "dead_lettered") == 1
    })
    .await;
    let letters = list(&brokers(), &[topic]).await.unwrap();
    assert_eq!(letters[0].reason, "failed 3 times: still broken");

    mended.store(true, Ordering::SeqCst);
    assert_eq!(redrive(&brokers(), topic, 10).await.unwrap(), 1);
    wait_for(LIMIT, async || node.outcomes(group, topic, "done") == 1).await;
    assert_eq!(list(&brokers(), &[topic]).await.unwrap(), []);
    assert_eq!(
        redrive(&brokers(), topic, 10).await.unwrap(),
        0,
        "a letter goes back once"
    );
    node.stop().await;
}

#[tokio::test]
async fn redriving_respects_its_limit() {
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    let db = database().await;
    chassis::events::ensure_topics(&brokers(), &[topic])
        .await
        .unwrap();
    for _ in 0..3 {
        produce_rubbish(topic).await;
    }
    node.counter(&db.pool, group, topic);
    wait_for(LIMIT, async || {
        node.outcomes(group, topic, "dead_lettered") == 3
    })
    .await;
    node.stop().await;
    assert_eq!(redrive(&brokers(), topic, 2).await.unwrap(), 2);
    assert_eq!(list(&brokers(), &[topic]).await.unwrap().len(), 1);
}
