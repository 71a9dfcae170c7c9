//! A server that stands for any service: it repeats what it was sent, or answers as the request's headers say.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use http::{HeaderMap, Method, Uri};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

/// Answer with this status instead of 200.
pub(crate) const ANSWER: &str = "x-test-answer";
/// Answer never.
pub(crate) const HANG: &str = "x-test-hang";

pub(crate) struct Upstream {
    pub(crate) addr: SocketAddr,
    hits: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Told {
    name: &'static str,
    hits: Arc<AtomicUsize>,
}

impl Upstream {
    pub(crate) async fn start(name: &'static str) -> Self {
        Self::start_at(name, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub(crate) async fn start_at(name: &'static str, addr: SocketAddr) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let hits = Arc::new(AtomicUsize::new(0));
        let told = Told {
            name,
            hits: hits.clone(),
        };
        let router = Router::new().fallback(answer).with_state(told);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { addr, hits, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    State(told): State<Told>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Probes of `/health` are not requests of anybody.
    if uri.path() != "/" {
        told.hits.fetch_add(1, Ordering::SeqCst);
    }
    if headers.contains_key(HANG) {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let status: u16 = headers
        .get(ANSWER)
        .map_or(200, |status| status.to_str().unwrap().parse().unwrap());
    let seen: serde_json::Map<_, _> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    let told = json!({
        "upstream": told.name, "method": method.as_str(), "uri": uri.to_string(), "headers": seen,
        "body": String::from_utf8_lossy(&body),
    });
    let mut response = Response::builder().status(status);
    if status != 502 {
        // So long that nobody repeats anything; a 502 may be repeated at once.
        response = response.header("retry-after", "7");
    }
    response
        .header("content-type", "application/json")
        .header("location", "/api/v1/orders/1")
        .header("allow", "GET")
        .header("connection", "x-internal")
        .header("x-internal", "1")
        .body(Body::from(told.to_string()))
        .unwrap()
}
