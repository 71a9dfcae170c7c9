//! Request lines that no well-behaved client sends.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use uuid::Uuid;

use crate::support::Gateway;

/// Says exactly this and returns the status.
async fn raw(gateway: &Gateway, target: &str, headers: &str) -> u16 {
    let mut stream = TcpStream::connect(gateway.running.http_addr).await.unwrap();
    let token = gateway.auth.user_token(Uuid::now_v7(), &["admin"]);
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_path_that_could_be_read_in_two_ways_reaches_nobody() {
    let gateway = Gateway::start().await;
    for target in [
        "/api/v1/products/../inventory/reservations/1",
        "/api/v1/products/%2e%2e/inventory/reservations/1",
        "/api/v1/products/..%2finventory/reservations/1",
        "/api/v1//orders",
        "/api/v1/products/%252e%252e/orders",
        "/api/v1/inventory/%72eservations/1",
        "/api/v1/products\\..\\orders",
        "/api/v1/orders/1;x",
    ] {
        assert_eq!(raw(&gateway, target, "").await, 400, "{target}");
    }
    for target in [
        "//evil.test/api/v1/orders",
        "/api/v1/../v1/orders/",
        "/x/../api/v1/orders",
    ] {
        let status = raw(&gateway, target, "").await;
        assert!(matches!(status, 400 | 404), "{target}: {status}");
    }
    for name in ["order", "product", "inventory"] {
        assert_eq!(gateway.upstream(name).hits(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_path_that_is_too_long_is_414() {
    let gateway = Gateway::start().await;
    let target = format!("/api/v1/products?search={}", "x".repeat(5_000));
    assert_eq!(raw(&gateway, &target, "").await, 414);
    assert_eq!(gateway.upstream("product").hits(), 0);
}

#[tokio::test]
async fn an_absolute_target_does_not_choose_the_server() {
    let gateway = Gateway::start().await;
    let status = raw(&gateway, "http://evil.test/api/v1/orders", "").await;
    assert_eq!((status, gateway.upstream("order").hits()), (200, 1));
}

#[tokio::test]
async fn a_request_whose_length_is_said_twice_is_refused() {
    let gateway = Gateway::start().await;
    for headers in [
        "content-length: 3\r\ncontent-length: 4\r\n",
        "transfer-encoding: chunked, identity\r\n",
    ] {
        assert_eq!(
            raw(&gateway, "/api/v1/orders", headers).await,
            400,
            "{headers}"
        );
    }
    assert_eq!(gateway.upstream("order").hits(), 0);
}
