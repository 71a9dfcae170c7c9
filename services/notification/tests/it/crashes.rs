//! `kill -9` of the real binary at each of its crash points: the mail arrives, and a second copy can be told as one.
//!
//! The binary reads the topics that all services share; events that others left there are mailed (to this test's sink)
//! or passed over, and change nothing.

use std::{net::SocketAddr, os::unix::process::ExitStatusExt as _, process::Stdio};

use chassis::testing::{self, auth::TestAuth, wait_for};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::{
    sink::Sink,
    support::{Customer, Events, LIMIT, environment},
    users::Known,
};

struct Lab {
    env: Vec<(String, String)>,
    admin: SocketAddr,
    client: Client,
}

impl Lab {
    async fn new(auth: &TestAuth, sink: &Sink) -> Self {
        let mut env = auth.env();
        env.extend(environment(&testing::env("TEST_REDIS_URL"), sink, &Known::default()).await);
        Self {
            env,
            admin: free_addr(),
            client: Client::new(),
        }
    }

    /// Starts the binary and waits until it is ready.
    async fn start(&self) -> Child {
        let child = Command::new(env!("CARGO_BIN_EXE_notification"))
            .envs(self.env.clone())
            .env("SERVICE_HTTP_ADDR", "127.0.0.1:0")
            .env("SERVICE_ADMIN_ADDR", self.admin.to_string())
            .env("CRASH_POINTS_ENABLED", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let ready = format!("http://{}/ready", self.admin);
        wait_for(LIMIT, async || {
            self.client
                .get(&ready)
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        child
    }

    async fn points(&self) -> Vec<String> {
        let url = format!("http://{}/crash-points", self.admin);
        let list: Vec<Value> = self
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        list.iter()
            .map(|point| point["name"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn arm(&self, point: &str) {
        let url = format!("http://{}/crash-points/{point}", self.admin);
        let armed = self
            .client
            .put(url)
            .json(&json!({ "hit": 1 }))
            .send()
            .await
            .unwrap();
        assert_eq!(armed.status(), 204, "{point}");
    }
}

fn free_addr() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

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
    let lab = Lab::new(&auth, &sink).await;
    let brokers = testing::env("TEST_KAFKA_BROKERS");
    let topics = ["user.events", "order.events", "payment.events"];
    chassis::events::ensure_topics(&brokers, &topics)
        .await
        .unwrap();
    let events = Events::new(&brokers);
    let mut running = lab.start().await;
    let points = lab.points().await;
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
        lab.arm(&point).await;
        events.write("user.events", &ada.registered()).await;
        let died = tokio::time::timeout(LIMIT, running.wait()).await;
        assert_eq!(died.expect(&point).unwrap().signal(), Some(9), "{point}");

        running = lab.start().await;
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
