//! `kill -9` of order at every named place, in a whole lab: whatever dies where, every saga ends and the books balance.
//!
//! The places (each saga step before its call, after it and after its outcome was recorded; the relay; the consumer) are
//! asked of the running service, so that a new step cannot be forgotten. payment, inventory and notification go through
//! their own places in their own tests, likewise by `kill -9` of the real program.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, eventually, text},
};

const SERVICE: &str = "order";
/// Five steps with three places each, a relay and a consumer with two.
const POINTS_MIN: usize = 18;
/// From the restart of what was killed to the end of every saga.
const RECOVERY_SECONDS: u64 = 10;
/// For the traffic to come by the point that is armed, and for the shop to be well again after it.
const REACHED_MAX: Duration = Duration::from_secs(90);

async fn points(lab: &Lab, service: &str) -> Vec<String> {
    let url = lab.admin(service, "/crash-points");
    let listed: Value = Client::new()
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let name = |point: &Value| point["name"].as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(name).collect()
}

/// Tells a service to kill itself at a crash point, once.
pub(crate) async fn arm(lab: &Lab, service: &str, point: &str) {
    let url = lab.admin(service, &format!("/crash-points/{point}"));
    let answer = Client::new()
        .put(url)
        .json(&json!({ "hit": 1 }))
        .send()
        .await
        .unwrap();
    assert!(
        answer.status().is_success(),
        "{point}: {:?}",
        answer.text().await
    );
}

/// One of everything: paid, declined, cancelled, refunded, a new customer and a new product. Some of it will fail,
/// because something dies meanwhile; what counts is what is left in the end.
async fn life_goes_on(lab: &Lab) {
    let shop = Person::administrator(lab).await;
    let customer = Person::customer(lab).await;
    let product = product_with_stock(lab, 100).await;
    let orders = ["tok_visa", "tok_visa", "tok_visa", "tok_chargeDeclined"];
    let paid = Person::order(&customer, &product, 1, "tok_visa").await;
    let mut all = JoinSet::new();
    for token in orders {
        let (customer, product) = (customer.clone(), product.clone());
        all.spawn(async move { customer.order(&product, 1, token).await });
    }
    if let Some(id) = paid.body["id"].as_str() {
        let reason = json!({ "reason": "changed my mind" });
        customer
            .post(&format!("/api/v1/orders/{id}/cancel"), &reason)
            .await;
    }
    while let Some(order) = all.join_next().await {
        let Ok(order) = order else { continue };
        if let Some(payment) = order.body["payment_id"].as_str() {
            shop.refund(payment, 100).await;
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "a test that takes minutes says where it is"
)]
async fn survives(lab: &Lab, service: &str, point: &str) {
    let restarts = |lab: &Lab| lab.process(service)["restarts"].as_u64().unwrap();
    let before = restarts(lab);
    println!("{point}");
    well_again(lab, service).await;
    arm(lab, service, point).await;
    let reached = async {
        while restarts(lab) == before {
            life_goes_on_tolerantly(lab).await;
        }
    };
    let reached = tokio::time::timeout(REACHED_MAX, reached).await;
    assert!(reached.is_ok(), "{point} was not reached");
    eventually(
        &format!("{service} is back"),
        Duration::from_secs(20),
        async || lab.process(service)["state"] == "ready",
    )
    .await;
    assert_recovered(lab, point);
}

/// Orders go through once more, and the gateway's breaker says so. A fault on top of the last one would meet the
/// breaker's probe, which then waits twice as long each time.
async fn well_again(lab: &Lab, service: &str) {
    let metrics = lab.admin("gateway", "/metrics");
    let closed =
        format!("resilience4j_circuitbreaker_state{{name=\"gateway->{service}\",state=\"closed\",");
    let is_closed = async || {
        let text = Client::new().get(&metrics).send().await.unwrap().text();
        let text = text.await.unwrap();
        let line = text.lines().find(|line| line.starts_with(&closed));
        line.is_some_and(|line| line.ends_with(" 1"))
    };
    let well = async {
        while !is_closed().await {
            life_goes_on_tolerantly(lab).await;
        }
    };
    let well = tokio::time::timeout(REACHED_MAX, well).await;
    assert!(well.is_ok(), "the breaker to {service} stays open");
}

/// Every saga ends in time. The books agree as soon as events have arrived as well: a consumer that was killed is
/// missed by its group only after the session timeout of six seconds.
fn assert_recovered(lab: &Lab, point: &str) {
    let report = lab.json(&[
        "audit",
        "--json",
        "--patience",
        &RECOVERY_SECONDS.to_string(),
    ]);
    let checks = report["checks"].as_array().unwrap();
    let sagas = checks
        .iter()
        .find(|check| check["name"] == "sagas_terminal")
        .unwrap();
    assert_eq!(sagas["ok"], true, "after {point}: {sagas:#}");
    let audited = lab.faultline(&["audit", "--patience", "30"]);
    assert!(
        audited.status.success(),
        "after {point}:\n{}",
        text(&audited)
    );
}

/// Requests in flight when something dies may fail; that must not fail the test.
async fn life_goes_on_tolerantly(lab: &Lab) {
    let living = std::panic::AssertUnwindSafe(life_goes_on(lab));
    let _ = futures_util::FutureExt::catch_unwind(living).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_at_any_crash_point_every_saga_ends_and_the_books_balance() {
    let lab = tokio::task::spawn_blocking(|| Lab::start("crashes"))
        .await
        .unwrap();
    let points = points(&lab, SERVICE).await;
    assert!(points.len() >= POINTS_MIN, "only {points:?} are registered");
    for point in points {
        survives(&lab, SERVICE, &point).await;
    }
    assert_eq!(lab.down(), Vec::<u64>::new());
}
