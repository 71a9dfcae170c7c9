//! A proxy of a test's own, an upstream that echoes, and the control API as a client sees it.

pub(crate) mod http;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use proxy::config::Config;
use proxy::server::{self, Running};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy, stopped with the test.
pub(crate) struct Proxy {
    pub(crate) control: SocketAddr,
    http: reqwest::Client,
    _running: Running,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        Self::with_default_lease(None).await
    }

    pub(crate) async fn with_default_lease(lease_default: Option<Duration>) -> Self {
        let config = Config {
            control: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 42,
            lease_default,
            edges: None,
        };
        let running = server::start(&config).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no edge policy")]
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            control: running.control,
            http,
            _running: running,
        }
    }

    /// One request to the control API: status and body, which is null if it is not JSON.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let url = format!("http://{}{path}", self.control);
        let request = self.http.request(method, url);
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        let url = format!("http://{}{path}", self.control);
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    pub(crate) async fn delete(&self, path: &str) {
        let (status, answer) = self.ask(Method::DELETE, path, None).await;
        assert_eq!(status, 204, "{path}: {answer}");
    }

    /// An edge named `e` to an upstream; answers where it listens.
    pub(crate) async fn edge(&self, upstream: SocketAddr) -> SocketAddr {
        let body = json!({"name": "e", "listen": "127.0.0.1:0", "upstream": upstream.to_string()});
        let edge = self.post("/proxies", body).await;
        edge["listen"].as_str().unwrap().parse().unwrap()
    }

    /// Sets a fault on the edge `e`.
    pub(crate) async fn toxic(&self, kind: &str, stream: &str, attributes: Value) -> Value {
        let body = json!({"name": kind, "type": kind, "stream": stream, "attributes": attributes});
        self.post("/proxies/e/toxics", body).await
    }

    /// A field of a fault of the edge `e`.
    pub(crate) async fn hits(&self, toxic: &str) -> u64 {
        self.get(&format!("/proxies/e/toxics/{toxic}")).await["hits"]
            .as_u64()
            .unwrap()
    }
}

/// A server that sends back whatever it is sent, and ends its stream when the other side ends its own.
pub(crate) struct Echo {
    pub(crate) addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Echo {
    pub(crate) async fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn at(addr: SocketAddr) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's server ends with the test"
        )]
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(echo(socket));
            }
        });
        Self { addr, task }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn echo(mut socket: TcpStream) {
    let (mut from, mut to) = socket.split();
    if tokio::io::copy(&mut from, &mut to).await.is_ok() {
        let _ = to.shutdown().await;
    }
}

/// Sends and waits for the same to come back; how long that took.
pub(crate) async fn round_trip(client: &mut TcpStream, text: &[u8]) -> std::io::Result<Duration> {
    let since = Instant::now();
    let mut back = vec![0; text.len()];
    let exchange = async {
        client.write_all(text).await?;
        client.read_exact(&mut back).await
    };
    timeout(PATIENCE, exchange).await.expect("it hangs")?;
    assert_eq!(back, text);
    Ok(since.elapsed())
}

/// What the next read says: how many bytes, or how the connection ended.
pub(crate) async fn next_read(client: &mut TcpStream) -> std::io::Result<usize> {
    let mut buffer = [0; 1024];
    timeout(PATIENCE, client.read(&mut buffer))
        .await
        .expect("it hangs")
}

/// Nothing arrives for a moment: the one thing that only time can show.
pub(crate) async fn is_silent(client: &mut TcpStream) -> bool {
    let mut buffer = [0; 1];
    let read = client.read(&mut buffer);
    timeout(Duration::from_millis(100), read).await.is_err()
}

/// Looks again and again until it holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < PATIENCE, "it never came true that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
