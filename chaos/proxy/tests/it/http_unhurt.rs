//! What looking at requests must not change: those that no fault chooses, other faults, servers that end early.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::http::{Server, client, edge, exchange, read_answer, set};
use crate::support::{PATIENCE, Proxy, next_read};

const MS: Duration = Duration::from_millis(1);
/// A fault of this toxicity hits nobody, but everything is looked at.
const NEVER: f64 = 0.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_no_fault_chooses_pass_unchanged() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    set(&proxy, "http_abort", NEVER, json!({})).await;
    let (http, large) = (client(), "y".repeat(2_000_000));
    let mut asked = JoinSet::new();
    for number in 0..20 {
        let request = http.post(format!("http://{addr}/{number}"));
        asked.spawn(request.body(large.clone()).send());
    }
    for answer in asked.join_all().await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    assert!(server.seen().iter().all(|seen| seen.body == large));
    let mut raw = TcpStream::connect(addr).await.unwrap();
    let answer = exchange(&mut raw, "GET /case HTTP/1.1\r\nX-CaSe: kept").await;
    let straight = exchange(
        &mut TcpStream::connect(server.addr).await.unwrap(),
        "GET /case HTTP/1.1\r\nX-CaSe: kept",
    )
    .await;
    assert_eq!(without_date(&answer), without_date(&straight));
}

fn without_date(answer: &str) -> Vec<&str> {
    let lines = answer.lines();
    lines
        .filter(|line| !line.starts_with("date") && !line.chars().all(char::is_numeric))
        .collect()
}

#[tokio::test]
async fn faults_on_bytes_and_on_requests_act_together() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    set(&proxy, "http_delay", 1.0, json!({"delay": 50})).await;
    proxy
        .toxic("latency", "downstream", json!({"latency": 60}))
        .await;
    let since = Instant::now();
    client()
        .get(format!("http://{addr}/"))
        .send()
        .await
        .unwrap();
    assert!(since.elapsed() >= MS * 110, "{:?}", since.elapsed());
    assert!(proxy.hits("latency").await >= 1);
}

#[tokio::test]
async fn a_server_that_ends_instead_of_answering_is_seen_to_do_so() {
    let proxy = Proxy::start().await;
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = edge(&proxy, upstream.local_addr().unwrap()).await;
    set(&proxy, "http_abort", NEVER, json!({})).await;
    for resets in [false, true] {
        let (mut client, mut server) = connected(addr, &upstream).await;
        let _ = server.read(&mut [0; 1024]).await.unwrap();
        if resets {
            server.set_zero_linger().unwrap();
        }
        drop(server);
        match next_read(&mut client).await {
            Ok(count) => assert!(count == 0 && !resets),
            Err(error) => assert!(resets && error.kind() == ErrorKind::ConnectionReset),
        }
    }
}

#[tokio::test]
async fn an_early_answer_arrives_when_requests_are_looked_at_too() {
    let proxy = Proxy::start().await;
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = edge(&proxy, upstream.local_addr().unwrap()).await;
    set(&proxy, "http_abort", NEVER, json!({})).await;
    for number in 0..20 {
        let (mut client, mut server) = connected(addr, &upstream).await;
        let _ = server.read(&mut [0; 16]).await.unwrap();
        let refusal = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n";
        server.write_all(refusal).await.unwrap();
        drop(server);
        let body = vec![b'x'; 4 << 20];
        let (mut from, mut to) = client.split();
        let exchange = async { tokio::join!(to.write_all(&body), read_answer(&mut from)) };
        let (_, answer) = timeout(PATIENCE, exchange).await.expect("it hangs");
        assert!(answer.starts_with("HTTP/1.1 413 "), "{number}: {answer}");
    }
}

/// A client that has begun to post four megabytes, and the server that has it now.
async fn connected(edge: SocketAddr, upstream: &TcpListener) -> (TcpStream, TcpStream) {
    let mut client = TcpStream::connect(edge).await.unwrap();
    let head = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n", 4 << 20);
    client.write_all(head.as_bytes()).await.unwrap();
    let (server, _) = upstream.accept().await.unwrap();
    (client, server)
}
