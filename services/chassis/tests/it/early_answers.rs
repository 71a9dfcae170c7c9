//! A refusal that is given before the body is read reaches a client that is still sending.

use axum::{Router, http::StatusCode, routing::post};
use bytes::Bytes;
use chassis::{
    Problem,
    config::Env,
    http::ApiJson,
    service::{self, Running},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::LIMIT;

/// More than the sockets between client and service hold.
const LARGE: usize = 7_000_000;

async fn service() -> Running {
    let env = Env::from_pairs([("BODY_BYTES_MAX", "100000")]);
    let refuse = async || Problem::unauthorized("token_missing", "This request needs a token.");
    let read = async |ApiJson(_): ApiJson<Value>| StatusCode::NO_CONTENT;
    service::start("test", env, async move |_| {
        Ok(Router::new()
            .route("/refused", post(refuse))
            .route("/read", post(read)))
    })
    .await
    .unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a client from outside")]
async fn status(running: &Running, path: &str, bytes: usize) -> StatusCode {
    let request = reqwest::Client::new()
        .post(format!("{}{path}", running.url()))
        .header("content-type", "application/json")
        .body(Bytes::from(vec![b' '; bytes]));
    request.send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_without_a_look_at_the_body_is_not_lost() {
    let running = service().await;
    for _ in 0..50 {
        assert_eq!(status(&running, "/refused", LARGE).await, 401);
    }
    assert!(running.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_is_one_in_the_middle_of_the_body() {
    let running = service().await;
    for _ in 0..50 {
        assert_eq!(status(&running, "/read", LARGE).await, 413);
    }
    assert!(running.stop().await);
}

/// A refused request must not cost more than its refusal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_before_sending_is_told_without_sending() {
    let running = service().await;
    let url = running.url();
    let addr = url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let head = format!(
        "POST /refused HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: {LARGE}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    timeout(LIMIT, socket.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    drop(socket);
    assert!(running.stop().await);
}
