//! Faults that nobody remembers heal by themselves.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::support::{Echo, Proxy, eventually, round_trip};

async fn set(proxy: &Proxy, name: &str, lease: Value) -> Value {
    let mut body = json!({"name": name, "type": "latency", "attributes": {"latency": 1}});
    body.as_object_mut()
        .unwrap()
        .extend(lease.as_object().unwrap().clone());
    proxy.post("/proxies/e/toxics", body).await
}

async fn active(proxy: &Proxy) -> usize {
    proxy.get("/faults").await["active"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_toxic_is_gone_when_its_lease_runs_out_and_what_it_hit_is_remembered() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    let mut client = TcpStream::connect(edge).await.unwrap();
    let toxic = set(&proxy, "brief", json!({"lease_ms": 1_000})).await;
    assert_eq!(toxic["lease_ms"], 1_000);
    round_trip(&mut client, b"hit").await.unwrap();
    eventually("it has healed", async || active(&proxy).await == 0).await;
    let ended = proxy.get("/faults").await["ended"][0].clone();
    assert_eq!(
        (&ended["ended"], &ended["hits"]),
        (&json!("lease"), &json!(1))
    );
    assert!(ended["age_ms"].as_u64().unwrap() >= 1_000, "{ended}");
    let (status, _) = proxy
        .ask(Method::GET, "/proxies/e/toxics/brief", None)
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn an_edge_that_was_taken_down_comes_back_when_its_lease_runs_out() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let edge = proxy.edge(echo.addr).await;
    proxy
        .post("/proxies/e", json!({"enabled": false, "lease_ms": 200}))
        .await;
    assert!(TcpStream::connect(edge).await.is_err());
    eventually("it is back", async || {
        TcpStream::connect(edge).await.is_ok()
    })
    .await;
    assert_eq!(proxy.get("/proxies/e").await["enabled"], true);
}

#[tokio::test]
async fn a_heartbeat_keeps_a_holders_faults_and_only_those() {
    let proxy = Proxy::start().await;
    let echo = Echo::start().await;
    proxy.edge(echo.addr).await;
    set(
        &proxy,
        "kept",
        json!({"lease_ms": 3_000, "lease_holder": "run-1"}),
    )
    .await;
    set(
        &proxy,
        "left",
        json!({"lease_ms": 3_000, "lease_holder": "run-2"}),
    )
    .await;
    eventually("the other one has healed", async || {
        let (status, answer) = proxy.ask(Method::PUT, "/leases/run-1", None).await;
        assert_eq!((status.as_u16(), &answer["renewed"]), (200, &json!(1)));
        active(&proxy).await == 1
    })
    .await;
    let (status, answer) = proxy.ask(Method::PUT, "/leases/run-2", None).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]),
        (404, &json!("lease not found"))
    );
    proxy.delete("/leases/run-1").await;
    assert_eq!(active(&proxy).await, 0);
}

#[tokio::test]
async fn a_client_that_knows_no_leases_gets_the_default() {
    let proxy = Proxy::with_default_lease(Some(Duration::from_millis(300))).await;
    let echo = Echo::start().await;
    proxy.edge(echo.addr).await;
    let toxic = set(&proxy, "forgotten", json!({})).await;
    assert_eq!(toxic["lease_ms"], 300);
    eventually("it has healed", async || active(&proxy).await == 0).await;
}

#[tokio::test]
async fn a_lease_that_is_too_long_is_refused_and_nothing_is_set() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    proxy.edge(echo.addr).await;
    for lease in [0, 3_600_001] {
        let body = json!({"type": "latency", "lease_ms": lease});
        let (status, answer) = proxy
            .ask(Method::POST, "/proxies/e/toxics", Some(body))
            .await;
        assert_eq!(status, 400, "{answer}");
    }
    assert_eq!(active(&proxy).await, 0);
}
