//! `kill -9` of the real binary at each of its crash points: the mail arrives, and a second copy can be told as one.
//!
//! The binary reads the topics that all services share; events that others left there are mailed (to this test's sink)
//! or passed over, and change nothing.

use chassis::testing::{self, Binary, auth::TestAuth, dies, wait_for};

use crate::{
    sink::Sink,
    support::{Customer, Events, LIMIT, environment},
    users::Known,
};

/// How many copies of the mail a crash at the point makes. A new point needs a line here.
fn copies(point: &str) -> usize {
    match point {
        "notification.after_claim_before_send" => 1,
        "notification.after_send_before_mark" => 2,
        "notification.after_commit_before_offset" => 1,
        other => panic!("what does a crash at {other} do?"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_point_loses_no_mail_and_any_copy_has_the_same_message_id() {
    let (auth, sink) = (TestAuth::start().await, Sink::start().await);
    let mut env = auth.env();
    env.extend(environment(&testing::env("TEST_REDIS_URL"), &sink, &Known::default()).await);
    let binary = Binary::new(env!("CARGO_BIN_EXE_notification"), env);
    let brokers = testing::env("TEST_KAFKA_BROKERS");
    let topics = ["user.events", "order.events", "payment.events"];
    chassis::events::ensure_topics(&brokers, &topics)
        .await
        .unwrap();
    let events = Events::new(&brokers);
    let mut running = binary.start(&[]).await;
    let points = binary.crash_points().await;
    assert_eq!(points.len(), 3, "{points:?}");
    for point in points {
        // Once it has mailed this, whatever others left in the topics is behind it.
        let (before, ada, after) = (
            Customer::new("Before"),
            Customer::new("Ada"),
            Customer::new("After"),
        );
        events.write("user.events", &before.registered()).await;
        wait_for(LIMIT, async || sink.mails(&before.email).len() == 1).await;
        binary.arm(&point).await;
        events.write("user.events", &ada.registered()).await;
        dies(running, &point).await;

        running = binary.start(&[]).await;
        wait_for(LIMIT, async || {
            sink.mails(&ada.email).len() >= copies(&point)
        })
        .await;
        // Of the same partition or not: its mail shows that the consumer went on.
        events.write("user.events", &after.registered()).await;
        wait_for(LIMIT, async || sink.mails(&after.email).len() == 1).await;
        let mails = sink.mails(&ada.email);
        assert_eq!(mails.len(), copies(&point), "{point}");
        let first = sink.message_id(&mails[0]);
        assert!(
            mails.iter().all(|mail| sink.message_id(mail) == first),
            "{point}"
        );
    }
}
