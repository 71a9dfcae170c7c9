//! Each fault as a client meets it.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Echo, Proxy, eventually, is_silent, next_read, round_trip};

const MS: Duration = Duration::from_millis(1);

#[tokio::test]
async fn latency_delays_and_is_counted_while_the_connection_lives() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    round_trip(&mut client, b"warm").await.unwrap();
    proxy
        .toxic("latency", "downstream", json!({"latency": 150}))
        .await;
    let took = round_trip(&mut client, b"slow").await.unwrap();
    assert!(took >= MS * 150, "{took:?}");
    let toxic = proxy.get("/proxies/e/toxics/latency").await;
    assert_eq!(
        (&toxic["hits"], &toxic["bytes"], &toxic["connections"]),
        (&json!(1), &json!(4), &json!(1))
    );
    let page = proxy.text("/metrics").await;
    assert!(
        page.contains(r#"chaos_fault_hits_total{fault="latency",target="e"} 1"#),
        "{page}"
    );
    assert!(
        page.contains(r#"direction="downstream",proxy="e""#) && page.contains("} 8\n"),
        "{page}"
    );
}

#[tokio::test]
async fn a_reset_hits_connections_that_are_already_open_and_idle() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    round_trip(&mut client, b"fine").await.unwrap();
    proxy.toxic("reset_peer", "downstream", json!({})).await;
    let ended = next_read(&mut client).await.unwrap_err();
    assert_eq!(ended.kind(), ErrorKind::ConnectionReset);
    assert_eq!(proxy.hits("reset_peer").await, 1);
}

#[tokio::test]
async fn a_toxicity_of_zero_resets_nobody() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    let body = json!({"type": "reset_peer", "toxicity": 0.0});
    proxy.post("/proxies/e/toxics", body).await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    round_trip(&mut client, b"fine").await.unwrap();
}

#[tokio::test]
async fn toxicity_chooses_the_same_connections_every_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (proxy, echo) = (Proxy::start().await, Echo::start().await);
        let edge = proxy.edge(echo.addr).await;
        let body = json!({"type": "limit_data", "toxicity": 0.5, "attributes": {"bytes": 1}});
        proxy.post("/proxies/e/toxics", body).await;
        let mut hit = Vec::new();
        for _ in 0..20 {
            let mut client = TcpStream::connect(edge).await.unwrap();
            hit.push(round_trip(&mut client, b"xy").await.is_err());
        }
        runs.push(hit);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(
        runs[0].contains(&true) && runs[0].contains(&false),
        "{:?}",
        runs[0]
    );
}

#[tokio::test]
async fn a_blackhole_that_heals_loses_nothing() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    round_trip(&mut client, b"fine").await.unwrap();
    proxy.toxic("blackhole", "upstream", json!({})).await;
    client.write_all(b"held").await.unwrap();
    assert!(is_silent(&mut client).await);
    proxy.delete("/proxies/e/toxics/blackhole").await;
    let mut back = [0; 4];
    client.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"held");
}

#[tokio::test]
async fn a_timeout_that_is_lifted_closes_what_lost_bytes() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    proxy
        .toxic("timeout", "upstream", json!({"timeout": 0}))
        .await;
    client.write_all(b"gone").await.unwrap();
    eventually("the bytes vanished", async || {
        proxy.hits("timeout").await == 1
    })
    .await;
    assert!(is_silent(&mut client).await);
    proxy.delete("/proxies/e/toxics/timeout").await;
    assert_eq!(next_read(&mut client).await.unwrap(), 0);
}

#[tokio::test]
async fn bandwidth_is_per_connection_and_a_limit_ends_it() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    proxy
        .toxic("bandwidth", "upstream", json!({"rate": 100}))
        .await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    let took = round_trip(&mut client, &[7; 20_000]).await.unwrap();
    assert!(took >= MS * 190, "20 KB at 100 KB/s took {took:?}");
    proxy.delete("/proxies/e/toxics/bandwidth").await;
    proxy
        .toxic("limit_data", "downstream", json!({"bytes": 10}))
        .await;
    client.write_all(&[1; 100]).await.unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest.len(), 10);
}

#[tokio::test]
async fn a_slicer_cuts_up_and_loses_nothing() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    let attributes = json!({"average_size": 100, "size_variation": 50, "delay": 100});
    proxy.toxic("slicer", "upstream", attributes).await;
    proxy
        .toxic("slow_close", "downstream", json!({"delay": 100}))
        .await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    let sent: Vec<u8> = (0..60_000_u32).map(|n| n as u8).collect();
    round_trip(&mut client, &sent).await.unwrap();
}

#[tokio::test]
async fn down_refuses_cuts_and_comes_back_at_the_same_address() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    round_trip(&mut client, b"fine").await.unwrap();
    proxy.post("/proxies/e", json!({"enabled": false})).await;
    // At once: when the call has returned, it is so.
    let refused = TcpStream::connect(edge).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(next_read(&mut client).await.unwrap(), 0);
    let faults = proxy.get("/faults").await;
    assert_eq!(
        (
            &faults["active"][0]["type"],
            &faults["active"][0]["connections"]
        ),
        (&json!("down"), &json!(1))
    );
    let edge_again = proxy.post("/proxies/e", json!({"enabled": true})).await;
    assert_eq!(edge_again["listen"], edge.to_string());
    let mut client = TcpStream::connect(edge).await.unwrap();
    round_trip(&mut client, b"back").await.unwrap();
}
