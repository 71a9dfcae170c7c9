//! HTTP on both sides of an edge: a server that notes what it sees, a client with a pool, and one that counts bytes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{PATIENCE, Proxy};

/// What the server saw of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Its idempotency key.
    pub(crate) key: String,
    pub(crate) body: String,
}

/// Answers each request with how many it has seen.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let notes = Arc::clone(&seen);
        let note = async move |method: Method, uri: Uri, headers: HeaderMap, body: String| {
            let key = headers.get("idempotency-key");
            let mut notes = notes.lock().unwrap();
            notes.push(Seen {
                method,
                path: uri.path().to_owned(),
                key: key.map_or("", |key| key.to_str().unwrap()).to_owned(),
                body,
            });
            notes.len().to_string()
        };
        let router = Router::new()
            .fallback(note)
            .layer(axum::extract::DefaultBodyLimit::disable());
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's server ends with the test"
        )]
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { addr, seen, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An edge named `e` that carries HTTP.
pub(crate) async fn edge(proxy: &Proxy, upstream: SocketAddr) -> SocketAddr {
    let body = json!({"name": "e", "upstream": upstream.to_string(), "protocol": "http"});
    let edge = proxy.post("/proxies", body).await;
    edge["listen"].as_str().unwrap().parse().unwrap()
}

/// Sets a fault on it.
pub(crate) async fn set(proxy: &Proxy, kind: &str, toxicity: f64, attributes: Value) {
    let body = json!({"name": kind, "type": kind, "toxicity": toxicity, "attributes": attributes});
    proxy.post("/proxies/e/toxics", body).await;
}

pub(crate) fn client() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "a test has no edge policy")]
    let builder = reqwest::Client::builder();
    builder.no_proxy().timeout(PATIENCE).build().unwrap()
}

/// A request without a body, its head without the end, and the answer to the last byte.
pub(crate) async fn exchange(socket: &mut TcpStream, head: &str) -> String {
    let request = format!("{head}\r\nhost: localhost\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    read_answer(socket).await
}

/// An answer whose length its head tells; what came of it if the connection ended before.
pub(crate) async fn read_answer(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let (mut answer, mut byte) = (Vec::new(), [0; 1]);
    while !is_whole(&answer) {
        let read = timeout(PATIENCE, socket.read(&mut byte));
        match read.await.expect("it hangs") {
            Ok(1) => answer.push(byte[0]),
            _ => break,
        }
    }
    String::from_utf8(answer).unwrap()
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}
