//! Several instances and versions of one service.

use std::collections::HashSet;

use reqwest::Method;
use uuid::Uuid;

use crate::{
    support::{Gateway, send},
    upstream::Upstream,
};

struct Canary {
    old: Upstream,
    new: Upstream,
    gateway: Gateway,
}

/// Products at 90 % v1, 10 % v2; orders likewise.
async fn canary() -> Canary {
    let (old, new) = (Upstream::start("old").await, Upstream::start("new").await);
    let list = format!(
        "{};weight=90;version=v1,{};weight=10;version=v2",
        old.url(),
        new.url()
    );
    let settings = [("EDGE_PRODUCT_URL", &*list), ("EDGE_ORDER_URL", &*list)];
    let gateway = Gateway::start_with(&settings).await;
    Canary { old, new, gateway }
}

#[tokio::test]
async fn a_tenth_of_anonymous_requests_goes_to_the_canary() {
    let Canary { old, new, gateway } = canary().await;
    for _ in 0..200 {
        let answer = send(gateway.get("/api/v1/products")).await;
        let version = if answer.body["upstream"] == "new" {
            "v2"
        } else {
            "v1"
        };
        assert_eq!(answer.header("x-version"), version);
    }
    assert_eq!((old.hits(), new.hits()), (180, 20));
}

#[tokio::test]
async fn a_user_stays_on_one_version_and_users_are_spread() {
    let Canary { old, new, gateway } = canary().await;
    for _ in 0..100 {
        let token = gateway.auth.user_token(Uuid::now_v7(), &["customer"]);
        let mut versions = HashSet::new();
        for _ in 0..3 {
            let answer = send(gateway.get("/api/v1/orders").bearer_auth(&token)).await;
            versions.insert(answer.header("x-version").to_owned());
        }
        assert_eq!(versions.len(), 1);
    }
    // That none of 100 users meets a canary of 10 % has a chance of 1 in 37,000.
    assert!(new.hits() > 0 && old.hits() > new.hits());
}

#[tokio::test]
async fn a_version_can_be_asked_for() {
    let Canary { old, new, gateway } = canary().await;
    let order = |version| {
        let request = gateway.as_customer(Method::POST, "/api/v1/orders");
        send(request.header("x-version", version))
    };
    for _ in 0..10 {
        assert_eq!(order("v2").await.header("x-version"), "v2");
    }
    assert_eq!((old.hits(), new.hits()), (0, 10));
    assert_eq!(order("v3").await.problem(), (400, "version_unknown"));
}

#[tokio::test]
async fn equal_instances_take_turns() {
    let (one, two) = (Upstream::start("one").await, Upstream::start("two").await);
    let list = format!("{},{}", one.url(), two.url());
    let gateway = Gateway::start_with(&[("EDGE_ORDER_URL", &list)]).await;
    for _ in 0..10 {
        let answer = send(gateway.as_customer(Method::POST, "/api/v1/orders")).await;
        assert_eq!(answer.status, 200);
    }
    assert_eq!((one.hits(), two.hits()), (5, 5));
}
