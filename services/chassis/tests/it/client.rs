//! The client of an edge against real sockets: what is retried, what is in doubt, when the breaker opens.

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
};
use resilience::{BreakerConfig, Window};
use tokio::net::TcpListener;

/// Answers with 503 for a while, then with 200, and counts.
#[derive(Clone, Default)]
struct Neighbour {
    calls: Arc<AtomicU32>,
    failures: u32,
    hangs: bool,
}

impl Neighbour {
    async fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(any(answer)).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn answer(State(neighbour): State<Neighbour>) -> StatusCode {
    let call = neighbour.calls.fetch_add(1, Ordering::SeqCst);
    if neighbour.hangs {
        std::future::pending::<()>().await;
    }
    if call < neighbour.failures {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    }
}

fn policy() -> EdgePolicy {
    EdgePolicy {
        deadline: Duration::from_millis(1_500),
        try_timeout: Duration::from_millis(200),
        retries_per_second_min: 100,
        ..EdgePolicy::default()
    }
}

/// A service that does nothing but call.
async fn caller() -> Running {
    let build = |_| async { Ok(Router::new()) };
    service::start("caller", Env::default(), build)
        .await
        .unwrap()
}

async fn client(url: &str, policy: EdgePolicy) -> EdgeClient {
    let caller = caller().await;
    EdgeClient::new(caller.context(), "neighbour", url.parse().unwrap(), policy).unwrap()
}

#[tokio::test]
async fn a_read_is_tried_again_and_a_plain_write_is_not() {
    let neighbour = Neighbour {
        failures: 1,
        ..Neighbour::default()
    };
    let calls = neighbour.calls.clone();
    let client = client(&neighbour.start().await, policy()).await;
    assert_eq!(client.get("/x").send().await.unwrap().status, 200);
    assert_eq!(calls.load(Ordering::SeqCst), 2);

    let neighbour = Neighbour {
        failures: 1,
        ..Neighbour::default()
    };
    let calls = neighbour.calls.clone();
    let client = self::client(&neighbour.start().await, policy()).await;
    let error = client.post("/x").send().await.unwrap_err();
    assert!(matches!(error, CallError::Unavailable { .. }), "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(
        client
            .post("/x")
            .idempotency_key("k")
            .send()
            .await
            .unwrap()
            .status,
        200
    );
}

#[tokio::test]
async fn no_answer_is_in_doubt_and_no_connection_is_not() {
    let url = Neighbour {
        hangs: true,
        ..Neighbour::default()
    }
    .start()
    .await;
    let error = client(&url, policy())
        .await
        .post("/x")
        .send()
        .await
        .unwrap_err();
    assert!(
        matches!(error, CallError::Timeout { .. }) && error.may_have_happened(),
        "{error}"
    );

    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = client(&format!("http://{free}"), policy())
        .await
        .get("/x")
        .send()
        .await
        .unwrap_err();
    assert!(
        matches!(error, CallError::Connect { .. }) && !error.may_have_happened(),
        "{error}"
    );
}

#[tokio::test]
async fn a_doubt_is_not_forgotten_when_the_next_try_cannot_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Takes one connection and never answers; nobody listens any more when it is tried again.
    let taken = tokio::spawn(async move { listener.accept().await.unwrap() });
    let error = client(&url, policy())
        .await
        .get("/x")
        .send()
        .await
        .unwrap_err();
    let _open_until_here = taken.await.unwrap();
    assert!(error.may_have_happened(), "{error}");
}

#[tokio::test]
async fn the_deadline_ends_all_tries_together() {
    let url = Neighbour {
        hangs: true,
        ..Neighbour::default()
    }
    .start()
    .await;
    let client = client(&url, policy()).await;
    let started = Instant::now();
    client
        .get("/x")
        .deadline(Duration::from_millis(300))
        .send()
        .await
        .unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn an_open_breaker_refuses_at_once_and_spares_the_neighbour() {
    let neighbour = Neighbour {
        failures: u32::MAX,
        ..Neighbour::default()
    };
    let calls = neighbour.calls.clone();
    let breaker = BreakerConfig {
        window: Window::Count(5),
        minimum_calls: 5,
        ..BreakerConfig::default()
    };
    let client = client(
        &neighbour.start().await,
        EdgePolicy {
            breaker,
            ..policy()
        },
    )
    .await;
    for _ in 0..5 {
        client.post("/x").send().await.unwrap_err();
    }
    assert!(client.is_open());
    let error = client.post("/x").send().await.unwrap_err();
    assert!(
        matches!(error, CallError::BreakerOpen { .. }) && !error.may_have_happened(),
        "{error}"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 5);
}
