//! Each protection of an edge, on and off: what the neighbour sees without it, that it is shown, and that it comes back.

#![expect(
    clippy::disallowed_methods,
    reason = "a made-up neighbour has no service to spawn through"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode, routing::any};
use chassis::{
    client::{CallError, EdgeClient, EdgePolicy},
    config::Env,
    service::{self, Running},
    testing::{unique, wait_for},
};
use http::Method;
use resilience::{Backoff, BreakerConfig, Window};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::support::{LIMIT, request};

const MS: Duration = Duration::from_millis(1);

/// Never well: answers 503, or nothing at all.
#[derive(Clone, Default)]
struct Neighbour {
    calls: Arc<AtomicU32>,
    hangs: bool,
}

impl Neighbour {
    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }

    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(any(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn answer(State(neighbour): State<Neighbour>) -> StatusCode {
    neighbour.calls.fetch_add(1, Ordering::SeqCst);
    if neighbour.hangs {
        std::future::pending::<()>().await;
    }
    StatusCode::SERVICE_UNAVAILABLE
}

/// A service with one edge, whose name no other test has: switches belong to the process.
struct Caller {
    running: Running,
    client: EdgeClient,
}

impl Caller {
    async fn of(neighbour: &Neighbour, policy: EdgePolicy) -> Self {
        let env = Env::from_pairs([("PROTECTION_SWITCHES_ENABLED", "true")]);
        let build = |_| async { Ok(Router::new()) };
        let running = service::start("caller", env, build).await.unwrap();
        let url = neighbour.start().await.parse().unwrap();
        let client = EdgeClient::new(running.context(), unique("callee"), url, policy).unwrap();
        Self { running, client }
    }

    fn name(&self, protection: &str) -> String {
        format!("{}.{protection}", self.client.edge())
    }

    async fn switch(&self, protection: &str, wish: Value) {
        let status = put(&self.running, &self.name(protection), wish).await;
        assert_eq!(status, 204, "{protection}");
    }

    async fn off(&self, protection: &str) {
        self.switch(protection, json!({"on": false})).await;
    }

    async fn on(&self, protection: &str) {
        self.switch(protection, json!({"on": true})).await;
    }

    async fn shown(&self, protection: &str) -> Value {
        let name = self.name(protection);
        let all = get(&self.running, "/protections").await;
        let mut all = all.as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap().clone()
    }

    async fn fail(&self) -> CallError {
        self.client.get("/x").send().await.unwrap_err()
    }
}

async fn get(running: &Running, path: &str) -> Value {
    let url = format!("{}{path}", running.admin_url());
    let answer = request(Method::GET, &url).send().await.unwrap();
    answer.json().await.unwrap()
}

async fn put(running: &Running, name: &str, wish: Value) -> u16 {
    let url = format!("{}/protections/{name}", running.admin_url());
    let request = request(Method::PUT, &url).json(&wish);
    request.send().await.unwrap().status().as_u16()
}

/// One try, so that what is counted is the protection's doing.
fn policy() -> EdgePolicy {
    EdgePolicy {
        deadline: MS * 1_500,
        try_timeout: MS * 200,
        backoff: tries(1),
        ..EdgePolicy::default()
    }
}

fn tries(max_attempts: u32) -> Backoff {
    Backoff {
        base: MS,
        cap: MS,
        max_attempts,
    }
}

#[tokio::test]
async fn without_its_breaker_a_neighbour_that_fails_is_called_all_the_same() {
    let neighbour = Neighbour::default();
    let breaker = BreakerConfig {
        window: Window::Count(4),
        minimum_calls: 4,
        ..BreakerConfig::default()
    };
    let caller = Caller::of(
        &neighbour,
        EdgePolicy {
            breaker,
            ..policy()
        },
    )
    .await;
    for _ in 0..4 {
        caller.fail().await;
    }
    assert!(matches!(caller.fail().await, CallError::BreakerOpen { .. }));
    caller.off("breaker").await;
    let error = caller.fail().await;
    assert!(matches!(error, CallError::Unavailable { .. }), "{error}");
    assert!(!caller.client.is_open());
    assert_eq!(neighbour.calls(), 5);
    let shown = caller.shown("breaker").await;
    assert!(
        shown["on"] == false && shown["left_out"].as_u64() >= Some(1),
        "{shown}"
    );
    let off = format!(r#"protection_off{{protection="{}""#, caller.name("breaker"));
    let page = caller.running.context().metrics.render();
    let line = page.lines().find(|line| line.starts_with(&off)).unwrap();
    assert!(line.ends_with(" 1"), "{line}");
    caller.on("breaker").await;
    assert!(matches!(caller.fail().await, CallError::BreakerOpen { .. }));
}

#[tokio::test]
async fn without_retries_a_call_fails_at_once_and_without_their_budget_every_call_is_retried() {
    let neighbour = Neighbour::default();
    let none = EdgePolicy {
        backoff: tries(3),
        retry_budget_percent: 0,
        retries_per_second_min: 0,
        ..policy()
    };
    let caller = Caller::of(&neighbour, none).await;
    caller.fail().await;
    assert_eq!(neighbour.calls(), 1, "the budget grants nothing");
    caller.off("retry_budget").await;
    caller.fail().await;
    assert_eq!(neighbour.calls(), 1 + 3);
    caller.off("retry").await;
    caller.fail().await;
    assert_eq!(neighbour.calls(), 1 + 3 + 1);
}

#[tokio::test]
async fn without_the_timeout_of_a_try_only_the_deadline_ends_it() {
    let neighbour = Neighbour {
        hangs: true,
        ..Neighbour::default()
    };
    let policy = EdgePolicy {
        deadline: MS * 400,
        try_timeout: MS * 20,
        ..policy()
    };
    let caller = Caller::of(&neighbour, policy).await;
    caller.off("try_timeout").await;
    let since = Instant::now();
    caller.fail().await;
    assert!(since.elapsed() >= MS * 400, "{:?}", since.elapsed());
}

#[tokio::test]
async fn without_the_deadline_a_call_goes_on_for_as_long_as_its_tries_take() {
    let neighbour = Neighbour {
        hangs: true,
        ..Neighbour::default()
    };
    let policy = EdgePolicy {
        deadline: MS * 30,
        try_timeout: MS * 300,
        ..policy()
    };
    let caller = Caller::of(&neighbour, policy).await;
    caller.off("deadline").await;
    let since = Instant::now();
    caller.fail().await;
    assert!(since.elapsed() >= MS * 300, "{:?}", since.elapsed());
}

#[tokio::test]
async fn without_the_bulkhead_a_neighbour_that_hangs_holds_any_number_of_calls() {
    let neighbour = Neighbour {
        hangs: true,
        ..Neighbour::default()
    };
    let policy = EdgePolicy {
        calls_in_flight_max: 1,
        queue_wait_max: Duration::ZERO,
        deadline: LIMIT,
        try_timeout: LIMIT,
        ..policy()
    };
    let caller = Caller::of(&neighbour, policy).await;
    let mut held = JoinSet::new();
    let hold = |held: &mut JoinSet<_>| {
        let call = caller.client.get("/x");
        held.spawn(call.send());
    };
    hold(&mut held);
    wait_for(LIMIT, async || neighbour.calls() == 1).await;
    assert!(matches!(
        caller.fail().await,
        CallError::BulkheadFull { .. }
    ));
    caller.off("bulkhead").await;
    hold(&mut held);
    hold(&mut held);
    wait_for(LIMIT, async || neighbour.calls() == 3).await;
}

#[tokio::test]
async fn every_edge_is_shown_with_its_policy_and_what_is_off() {
    let caller = Caller::of(&Neighbour::default(), policy()).await;
    caller.off("retry").await;
    let edges = get(&caller.running, "/edges").await;
    let edge = &edges.as_array().unwrap()[0];
    let told = json!([
        edge["edge"],
        edge["try_timeout_ms"],
        edge["breaker"]["state"],
        edge["breaker"]["window_calls"],
        edge["retry"]["budget_percent"],
        edge["bulkhead"]["calls_in_flight_max"],
        edge["off"]
    ]);
    let expected = json!([caller.client.edge(), 200, "closed", 100, 20, 64, ["retry"]]);
    assert_eq!(told, expected);
    drop(caller.client);
    assert_eq!(get(&caller.running, "/edges").await, json!([]));
}

#[tokio::test]
async fn a_switch_that_does_not_exist_or_has_no_end_is_refused() {
    let caller = Caller::of(&Neighbour::default(), policy()).await;
    let off = |lease: u64| json!({"on": false, "lease_ms": lease});
    assert_eq!(put(&caller.running, "nonsense", off(1)).await, 400);
    for lease in [0, 3_600_001] {
        let name = caller.name("breaker");
        assert_eq!(put(&caller.running, &name, off(lease)).await, 400);
    }
    assert_eq!(caller.shown("breaker").await["on"], true);
    caller.switch("breaker", off(1)).await;
    wait_for(LIMIT, async || caller.shown("breaker").await["on"] == true).await;
}
