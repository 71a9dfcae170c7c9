//! What a proxy without faults must not change, and what must not hang.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{Echo, PATIENCE, Proxy, eventually, next_read, round_trip};

#[tokio::test]
async fn half_a_connection_may_end_while_the_other_half_goes_on() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let mut client = TcpStream::connect(proxy.edge(echo.addr).await)
        .await
        .unwrap();
    let sent = vec![5; 1_000_000];
    let (mut from, mut to) = client.split();
    let mut back = Vec::new();
    let exchange = async {
        tokio::try_join!(from.read_to_end(&mut back), async {
            to.write_all(&sent).await?;
            to.shutdown().await
        })
    };
    timeout(PATIENCE, exchange)
        .await
        .expect("it hangs")
        .unwrap();
    assert_eq!(back, sent);
}

#[tokio::test]
async fn a_reset_of_one_side_reaches_the_other_as_a_reset() {
    let proxy = Proxy::start().await;
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let edge = proxy.edge(upstream.local_addr().unwrap()).await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    let (server, _) = upstream.accept().await.unwrap();
    server.set_zero_linger().unwrap();
    drop(server);
    let ended = next_read(&mut client).await.unwrap_err();
    assert_eq!(ended.kind(), ErrorKind::ConnectionReset);
}

/// What a server does that refuses a body by its length (401, 413): it reads the head, answers and closes, whatever else comes.
async fn answers_early(listener: TcpListener) {
    loop {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.read_exact(&mut [0; 1024]).await.unwrap();
        socket.write_all(EARLY_ANSWER).await.unwrap();
    }
}

const EARLY_ANSWER: &[u8] = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n";

/// Sends four megabytes, as far as they are taken, and reads what comes.
async fn send_too_much(addr: SocketAddr) -> Vec<u8> {
    let mut client = TcpStream::connect(addr).await.unwrap();
    let (mut from, mut to) = client.split();
    let (mut answer, body) = (Vec::new(), vec![b'x'; 4 << 20]);
    let exchange = async { tokio::join!(to.write_all(&body), from.read_to_end(&mut answer)) };
    // Either may end with the reset that follows on the answer.
    let _ = timeout(PATIENCE, exchange).await.expect("it hangs");
    answer
}

#[tokio::test]
async fn an_answer_that_comes_before_the_body_is_sent_arrives() {
    let proxy = Proxy::start().await;
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let edge = proxy.edge(upstream.local_addr().unwrap()).await;
    let mut server = JoinSet::new();
    server.spawn(answers_early(upstream));
    for number in 0..100 {
        assert_eq!(send_too_much(edge).await, EARLY_ANSWER, "{number}");
    }
    // A slow way takes longer, and loses nothing.
    proxy
        .toxic("latency", "downstream", json!({"latency": 50}))
        .await;
    assert_eq!(send_too_much(edge).await, EARLY_ANSWER);
}

#[tokio::test]
async fn an_upstream_that_refuses_is_refused_until_it_is_back() {
    let proxy = Proxy::start().await;
    let echo = Echo::start().await;
    let upstream = echo.addr;
    let edge = proxy.edge(upstream).await;
    drop(echo);
    eventually("the caller is refused", async || {
        let tried = TcpStream::connect(edge).await;
        matches!(tried, Err(error) if error.kind() == ErrorKind::ConnectionRefused)
    })
    .await;
    let _echo = Echo::at(upstream).await;
    eventually(
        "the caller gets through",
        async || match TcpStream::connect(edge).await {
            Ok(mut client) => round_trip(&mut client, b"back").await.is_ok(),
            Err(_) => false,
        },
    )
    .await;
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_keeps_nobody_else_waiting() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    // A listener whose queue is full leaves further connections without an answer.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let silent = socket.listen(1).unwrap();
    let mut queued = JoinSet::new();
    let silent_addr = silent.local_addr().unwrap();
    for _ in 0..4 {
        queued.spawn(TcpStream::connect(silent_addr));
    }
    proxy
        .post("/proxies/e", json!({"upstream": silent_addr.to_string()}))
        .await;
    let _stuck = TcpStream::connect(edge).await.unwrap();
    proxy
        .post(
            "/proxies",
            json!({"name": "f", "upstream": echo.addr.to_string()}),
        )
        .await;
    let other = proxy.get("/proxies/f").await["listen"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut client = TcpStream::connect(other).await.unwrap();
    round_trip(&mut client, b"fine").await.unwrap();
    let again = TcpStream::connect(edge).await;
    assert!(again.is_ok(), "the edge itself goes on accepting");
}

/// What Toxiproxy's users wait for (its issues 210, 254, 412, 558): toxics come and go while bytes flow and nobody reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_api_answers_at_once_under_traffic() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    let mut traffic = JoinSet::new();
    for number in 0..16 {
        traffic.spawn(async move {
            let mut client = TcpStream::connect(edge).await.unwrap();
            let reads = number % 2 == 0;
            let mut buffer = vec![0; 65_536];
            loop {
                if client.write_all(&buffer).await.is_err()
                    || (reads && client.read(&mut buffer).await.is_err())
                {
                    return;
                }
            }
        });
    }
    eventually("bytes flow", async || {
        proxy.get("/proxies/e").await["traffic"]["downstream_sent_bytes"].as_u64() > Some(1_000_000)
    })
    .await;
    let body =
        json!({"name": "slow", "type": "latency", "attributes": {"latency": 1000, "jitter": 500}});
    for _ in 0..20 {
        let changes = async {
            proxy.post("/proxies/e/toxics", body.clone()).await;
            proxy
                .post(
                    "/proxies/e/toxics/slow",
                    json!({"attributes": {"latency": 5}}),
                )
                .await;
            proxy.delete("/proxies/e/toxics/slow").await;
        };
        timeout(Duration::from_secs(5), changes)
            .await
            .expect("the control API hangs");
    }
}
