//! HTTP faults as a client and a server meet them.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::http::{Server, client, edge, exchange, set};
use crate::support::{PATIENCE, Proxy, eventually, is_silent, next_read};

const MS: Duration = Duration::from_millis(1);

#[tokio::test]
async fn an_abort_is_answered_by_nobody_and_the_server_never_sees_the_request() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    set(&proxy, "http_abort", 1.0, json!({"status": 429})).await;
    let answer = client()
        .get(format!("http://{addr}/"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let told = format!("{:?}", answer.headers());
    assert!(
        !told.contains("fault") && !told.contains("chaos"),
        "it names itself: {told}"
    );
    assert_eq!(
        (server.seen().len(), proxy.hits("http_abort").await),
        (0, 1)
    );
    proxy.delete("/proxies/e/toxics/http_abort").await;
    let answer = client().get(format!("http://{addr}/")).send().await;
    assert_eq!(answer.unwrap().text().await.unwrap(), "1");
}

#[tokio::test]
async fn a_lost_reply_is_lost_after_the_server_has_answered_to_the_last_byte() {
    let proxy = Proxy::start().await;
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = edge(&proxy, upstream.local_addr().unwrap()).await;
    set(&proxy, "http_reply_lost", 1.0, json!({})).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    client
        .write_all(b"POST /p HTTP/1.1\r\ncontent-length: 2\r\n\r\nab")
        .await
        .unwrap();
    let (mut server, _) = upstream.accept().await.unwrap();
    let _ = server.read(&mut [0; 1024]).await.unwrap();
    server
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        .await
        .unwrap();
    assert!(is_silent(&mut client).await, "it is not over yet");
    assert_eq!(proxy.hits("http_reply_lost").await, 0);
    server.write_all(b"world").await.unwrap();
    let ended = next_read(&mut client).await.unwrap_err();
    assert_eq!(ended.kind(), ErrorKind::ConnectionReset);
    let fault = proxy.get("/proxies/e/toxics/http_reply_lost").await;
    assert_eq!(
        json!([
            fault["hits"],
            fault["bytes"],
            fault["connections"],
            fault["stream"]
        ]),
        json!([1, 10, 1, "downstream"])
    );
}

#[tokio::test]
async fn what_is_delayed_goes_on_when_it_is_time_or_when_the_delay_is_lifted() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    set(&proxy, "http_delay", 1.0, json!({"delay": 80})).await;
    set(&proxy, "http_reply_delay", 1.0, json!({"delay": 70})).await;
    let (url, http, since) = (format!("http://{addr}/"), client(), Instant::now());
    http.get(&url).send().await.unwrap();
    assert!(since.elapsed() >= MS * 150, "{:?}", since.elapsed());
    let hour = json!({"attributes": {"delay": 3_600_000}});
    proxy.post("/proxies/e/toxics/http_delay", hour).await;
    let waiting = http.get(&url).send();
    let lifting = async {
        eventually("it waits", async || proxy.hits("http_delay").await == 2).await;
        assert_eq!(server.seen().len(), 1, "it has not gone on");
        proxy.post("/reset", json!({})).await;
    };
    let (answer, ()) = timeout(PATIENCE, async { tokio::join!(waiting, lifting) })
        .await
        .expect("it hangs");
    assert_eq!(answer.unwrap().text().await.unwrap(), "2");
}

#[tokio::test]
async fn a_request_whose_client_gave_up_while_it_was_held_is_not_sent_on() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    set(&proxy, "http_delay", 1.0, json!({"delay": 3_600_000})).await;
    let impatient = client().get(format!("http://{addr}/"));
    let gave_up = impatient.timeout(MS * 200).send().await.unwrap_err();
    assert!(gave_up.is_timeout());
    eventually("the connection is gone", async || {
        proxy.get("/proxies/e").await["traffic"]["connections_open"] == 0
    })
    .await;
    proxy.post("/reset", json!({})).await;
    exchange(
        &mut TcpStream::connect(addr).await.unwrap(),
        "GET /after HTTP/1.1",
    )
    .await;
    assert_eq!(server.paths(), ["/after"]);
}

#[tokio::test]
async fn a_duplicate_reaches_the_server_twice_and_the_client_once() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    set(&proxy, "http_duplicate", 1.0, json!({})).await;
    let request = client()
        .post(format!("http://{addr}/pay"))
        .header("Idempotency-Key", "k")
        .body("money");
    let answer = request.send().await.unwrap().text().await.unwrap();
    assert_eq!(answer, "1", "the first answer");
    eventually("the second has arrived", async || server.seen().len() == 2).await;
    let seen = server.seen();
    assert_eq!(seen[0], seen[1]);
    assert_eq!(
        (seen[0].key.as_str(), seen[0].body.as_str()),
        ("k", "money")
    );
    let fault = proxy.get("/proxies/e/toxics/http_duplicate").await;
    assert_eq!(json!([fault["hits"], fault["bytes"]]), json!([1, 5]));
}

#[tokio::test]
async fn a_body_too_large_to_keep_is_sent_once_and_counted_as_not_hit() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    set(&proxy, "http_duplicate", 1.0, json!({})).await;
    let large = "x".repeat(1_000_000);
    let request = client().post(format!("http://{addr}/")).body(large.clone());
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "1");
    assert!(server.seen()[0].body == large, "every byte of it");
    assert_eq!(proxy.hits("http_duplicate").await, 0);
}

/// Connections live as long as services do: a fault that spared them would hit nobody.
#[tokio::test]
async fn an_open_connection_is_hit_from_its_next_request_on_and_let_go_after_one_answer_more() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    let plain = exchange(&mut client, "GET /1 HTTP/1.1").await;
    set(&proxy, "http_abort", 1.0, json!({})).await;
    let aborted = exchange(&mut client, "GET /2 HTTP/1.1").await;
    assert!(aborted.starts_with("HTTP/1.1 503 "), "{aborted}");
    let again = exchange(&mut client, "GET /3 HTTP/1.1").await;
    assert!(again.starts_with("HTTP/1.1 503 "), "{again}");
    proxy.delete("/proxies/e/toxics/http_abort").await;
    let last = exchange(&mut client, "GET /4 HTTP/1.1").await;
    assert!(last.starts_with("HTTP/1.1 200 "), "{last}");
    assert!(last.to_lowercase().contains("connection: close"), "{last}");
    assert_eq!(next_read(&mut client).await.unwrap(), 0);
    let mut client = TcpStream::connect(addr).await.unwrap();
    let plain_again = exchange(&mut client, "GET /5 HTTP/1.1").await;
    assert!(!plain_again.contains("close"), "{plain_again}");
    assert_eq!(plain.len(), plain_again.len());
    assert_eq!(server.paths(), ["/1", "/4", "/5"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_hits_the_same_requests_in_whatever_order_they_come() {
    let mut runs = Vec::new();
    for reversed in [false, true] {
        let (proxy, server) = (Proxy::start().await, Server::start().await);
        let addr = edge(&proxy, server.addr).await;
        set(&proxy, "http_abort", 0.5, json!({})).await;
        let mut keys: Vec<u32> = (0..40).collect();
        if reversed {
            keys.reverse();
        }
        let (http, mut asked) = (client(), JoinSet::new());
        for key in keys {
            let request = http.get(format!("http://{addr}/"));
            let request = request.header("x-request-id", key.to_string());
            asked.spawn(async move { (key, request.send().await.unwrap().status()) });
        }
        let mut hit = asked.join_all().await;
        hit.sort_unstable_by_key(|(key, _)| *key);
        let passed = hit.iter().filter(|(_, status)| status.is_success()).count();
        assert!((5..35).contains(&passed), "{passed} of 40 at one half");
        assert_eq!(server.seen().len(), passed);
        runs.push(hit);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a_fault_can_be_meant_for_a_method_and_a_path() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    let only = json!({"method": "post", "path": "/payments/{id}/refunds"});
    set(&proxy, "http_abort", 1.0, only).await;
    let http = client();
    for (method, path, status) in [
        (Method::POST, "/payments/7/refunds?x=1", 503),
        (Method::POST, "/payments/7", 200),
        (Method::GET, "/payments/7/refunds", 200),
    ] {
        let request = http.request(method, format!("http://{addr}{path}"));
        assert_eq!(request.send().await.unwrap().status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_request_may_carry_its_own_fault_where_that_is_allowed() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    let addr = edge(&proxy, server.addr).await;
    let asks = async || {
        let request = client().get(format!("http://{addr}/"));
        let request = request.header("x-envoy-fault-abort-request", "418");
        request.send().await.unwrap().status()
    };
    assert_eq!(asks().await, 200, "nobody allowed it");
    set(&proxy, "http_headers", 1.0, json!({})).await;
    assert_eq!(asks().await, 418);
    let plain = client()
        .get(format!("http://{addr}/"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (plain.status(), proxy.hits("http_headers").await),
        (StatusCode::OK, 1)
    );
    proxy.post("/reset", json!({})).await;
    assert_eq!(asks().await, 200);
}

#[tokio::test]
async fn where_there_is_no_http_an_http_fault_is_refused() {
    let (proxy, server) = (Proxy::start().await, Server::start().await);
    proxy.edge(server.addr).await;
    let body = json!({"type": "http_abort"});
    let (status, answer) = proxy
        .ask(Method::POST, "/proxies/e/toxics", Some(body))
        .await;
    let error = answer["error"].as_str().unwrap();
    assert!(
        status == 400 && error.contains("e is not known to carry HTTP"),
        "{error}"
    );
    let wish = json!({"name": "x", "upstream": "127.0.0.1:1", "protocol": "gopher"});
    assert_eq!(proxy.ask(Method::POST, "/proxies", Some(wish)).await.0, 400);
}
