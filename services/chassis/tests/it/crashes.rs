//! `kill -9` at each crash point of the chassis, in a process of its own: afterwards every event has one effect.
//!
//! The child is this test binary, told to run [`child`] alone.

use std::{os::unix::process::ExitStatusExt as _, process::Stdio};

use chassis::{
    config::Env,
    crash::{self, CrashError},
    db::{self, DbConfig},
    testing::{self, unique, wait_for},
};
use nix::sys::signal::Signal;
use tokio::process::Command;
use uuid::Uuid;

use crate::support::{LIMIT, Node, database, effects, event, pending, write};

/// The child's orders: database URL, topic, group, and the point to die at.
const ORDERS: &str = "CHASSIS_TEST_CRASH_CHILD";

async fn run_child_until_it_dies(url: &str, topic: &str, group: &str, point: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crashes::child", "--ignored", "--nocapture"])
        .env(ORDERS, [url, topic, group, point].join(" "))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let status = tokio::time::timeout(LIMIT, child.wait())
        .await
        .expect("it dies in time")
        .unwrap();
    assert_eq!(status.signal(), Some(Signal::SIGKILL as i32), "{status}");
}

#[tokio::test]
#[ignore = "a process that the tests below start and that dies"]
async fn child() {
    let orders = testing::env(ORDERS);
    let [url, topic, group, point] = orders.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{orders}")
    };
    crash::configure(&Env::from_pairs([("CRASH_POINTS_ENABLED", "true")])).unwrap();
    let pool = db::connect(url, &DbConfig::new("child")).await.unwrap();
    let (topic, node) = (topic.to_owned().leak(), Node::new());
    node.relay(&pool, topic);
    node.counter(&pool, group, topic);
    crash::arm(point, 1).unwrap();
    tokio::time::sleep(LIMIT).await;
}

/// `published` says whether the events are in Kafka, and marked, before the child starts; `messages` how many the
/// survivor has to see before the effects are final.
async fn one_effect_after_a_crash_at(point: &str, group: &str, published: bool, messages: u64) {
    let db = database().await;
    let topic = unique("t");
    for _ in 0..3 {
        write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    }
    if published {
        let writer = Node::new();
        writer.relay(&db.pool, topic);
        wait_for(LIMIT, async || pending(&db.pool).await == 0).await;
        writer.stop().await;
    }
    run_child_until_it_dies(&db.url, topic, group, point).await;
    let node = Node::new();
    node.relay(&db.pool, topic);
    node.counter(&db.pool, group, topic);
    wait_for(LIMIT, async || {
        let [done, duplicate] =
            ["done", "duplicate"].map(|outcome| node.outcomes(group, topic, outcome));
        done + duplicate == messages
    })
    .await;
    assert_eq!((effects(&db.pool).await, pending(&db.pool).await), (3, 0));
    node.stop().await;
}

#[tokio::test]
async fn a_relay_killed_between_publish_and_mark_publishes_again_to_one_effect() {
    let point = "relay.after_publish_before_mark";
    one_effect_after_a_crash_at(point, unique("g"), false, 6).await;
}

#[tokio::test]
async fn a_consumer_killed_between_apply_and_commit_applies_again_to_one_effect() {
    let group = unique("g");
    let point = format!("{group}.after_apply_before_commit");
    one_effect_after_a_crash_at(&point, group, true, 3).await;
}

#[tokio::test]
async fn a_consumer_killed_between_commit_and_offset_finds_its_own_effect() {
    let group = unique("g");
    let point = format!("{group}.after_commit_before_offset");
    one_effect_after_a_crash_at(&point, group, true, 3).await;
}

#[tokio::test]
async fn a_relay_and_a_consumer_register_the_points_tested_here_and_no_other() {
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    node.relay(&db.pool, topic);
    node.counter(&db.pool, group, topic);
    let mine = |name: &String| name.starts_with("relay.") || name.starts_with(group);
    let names: Vec<_> = crash::list()
        .into_iter()
        .map(|point| point.name)
        .filter(mine)
        .collect();
    let expected = [
        format!("{group}.after_apply_before_commit"),
        format!("{group}.after_commit_before_offset"),
        "relay.after_publish_before_mark".to_owned(),
    ];
    assert_eq!(names, expected);
    assert_eq!(
        crash::arm(&names[0], 1),
        Err(CrashError::Disabled),
        "unless enabled"
    );
    node.stop().await;
}
