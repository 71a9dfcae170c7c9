//! `faultline contracts publish`, against a server that holds the shape of a Pact Broker's API: the index with its links,
//! and the resource that takes contracts (docs.pact.io, "Publishing contracts").
#![expect(
    clippy::disallowed_types,
    reason = "a broker of somebody else's has no problem documents of ours"
)]

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::support::{Answer, call, faultline};

/// A broker, until it is dropped.
struct Broker {
    url: String,
    taken: Arc<Mutex<Vec<Value>>>,
    _server: JoinSet<()>,
}

#[derive(Clone)]
struct Desk {
    url: String,
    /// Who may publish.
    token: &'static str,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl Broker {
    async fn open(token: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let taken = Arc::<Mutex<Vec<Value>>>::default();
        let desk = Desk {
            url: url.clone(),
            token,
            taken: taken.clone(),
        };
        let router = Router::new()
            .route("/", get(index))
            .route("/contracts/publish", post(take))
            .with_state(desk);
        let mut server = JoinSet::new();
        server.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self {
            url,
            taken,
            _server: server,
        }
    }

    async fn publish(&self, token: &str) -> Answer {
        let repo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut command = faultline(&["contracts", "publish", "--broker", &self.url]);
        command
            .args(["--version", "1.2.3", "--branch", "main"])
            .env("PACT_BROKER_TOKEN", token)
            .current_dir(repo);
        let answer = tokio::task::spawn_blocking(|| call(command)).await;
        answer.expect("it runs")
    }
}

async fn index(State(desk): State<Desk>) -> Json<Value> {
    let publish = format!("{}/contracts/publish", desk.url);
    Json(json!({ "_links": {
        "self": { "href": desk.url },
        "pb:publish-contracts": { "href": publish, "title": "Publish contracts", "templated": false },
    } }))
}

async fn take(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let bearer = format!("Bearer {}", desk.token);
    if headers
        .get("authorization")
        .is_none_or(|sent| sent != &*bearer)
    {
        return (
            StatusCode::UNAUTHORIZED,
            Json(json!({ "error": "who are you?" })),
        );
    }
    let url = format!("{}/pacts/1", desk.url);
    desk.taken.lock().expect("no panic while held").push(body);
    (
        StatusCode::OK,
        Json(json!({
            "notices": [{ "type": "success", "text": "published" }],
            "_links": { "pb:contracts": [{ "title": "Pact", "name": "a pact", "href": url }] },
        })),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pact_is_published_as_it_is_in_the_repository() {
    let broker = Broker::open("a-token").await;
    let answer = broker.publish("a-token").await;
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.notes);
    let mut published = Vec::new();
    for contract in broker.taken.lock().expect("no panic while held").iter() {
        assert_eq!(contract["pacticipantVersionNumber"], "1.2.3");
        assert_eq!(contract["branch"], "main");
        for one in contract["contracts"].as_array().expect("contracts") {
            assert_eq!(one["consumerName"], contract["pacticipantName"]);
            let content = one["content"].as_str().expect("in base64");
            let pact = BASE64_STANDARD.decode(content).expect("base64");
            let pact: Value = serde_json::from_slice(&pact).expect("a pact");
            published.extend(interactions(&pact));
        }
    }
    let pacts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts/pacts");
    let kept: Vec<Value> = fs::read_dir(pacts)
        .expect("they are checked in")
        .flat_map(|file| {
            let text = fs::read(file.expect("listed").path()).expect("a file");
            let pact: Value = serde_json::from_slice(&text).expect("a pact");
            interactions(&pact)
        })
        .collect();
    assert_eq!(published.len(), kept.len());
    // The command that publishes sorts them in its own way.
    for interaction in &kept {
        assert!(
            published.contains(interaction),
            "not published: {interaction:#}"
        );
    }
    assert!(!kept.is_empty());
}

fn interactions(pact: &Value) -> Vec<Value> {
    let all = pact["interactions"].as_array();
    all.expect("every pact has some").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_refuses_is_exit_code_1() {
    let broker = Broker::open("a-token").await;
    let answer = broker.publish("another").await;
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.notes);
    assert!(broker.taken.lock().expect("no panic while held").is_empty());
}
