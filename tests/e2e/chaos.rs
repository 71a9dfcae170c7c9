//! Faults on the edges of a running shop, set and lifted through the `faultline` command; and what is left when they have healed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, eventually, text},
};

const EDGE: &str = "order->payment";
/// For a lease of seconds to run out, on a machine that is busy.
const HEALED_WITHIN: Duration = Duration::from_secs(30);
const CUSTOMER_PAUSE: Duration = Duration::from_secs(1);
/// A producer waits five seconds for the broker's answer.
const SENDERS_GIVE_UP: Duration = Duration::from_secs(9);
/// From the last fault to the end of every order that it has held up.
const RECOVERY_SECONDS: &str = "30";

fn active(lab: &Lab) -> Vec<Value> {
    let faults = lab.json(&["chaos", "faults", "--json"]);
    faults["active"].as_array().unwrap().clone()
}

/// The last fault that ended on this edge.
fn ended(lab: &Lab) -> Value {
    let faults = lab.json(&["chaos", "faults", "--json"]);
    let ended = faults["ended"].as_array().unwrap();
    ended
        .iter()
        .rfind(|fault| fault["proxy"] == EDGE)
        .unwrap()
        .clone()
}

fn set(lab: &Lab, words: &[&str]) {
    let output = lab.faultline(&[&["chaos", "set"], words].concat());
    assert!(output.status.success(), "{words:?}: {}", text(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_on_the_way_to_payment_are_felt_heal_by_themselves_and_the_books_balance() {
    let lab = tokio::task::spawn_blocking(|| Lab::start("chaos"))
        .await
        .unwrap();
    let product = product_with_stock(&lab, 1_000).await;
    let customer = Person::customer(&lab).await;
    assert_eq!(
        customer.order(&product, 1, "tok_visa").await.expect(201)["status"],
        "paid"
    );

    slow(&lab, &customer, &product).await;
    gone(&lab, &customer, &product).await;
    data_tier(&lab, &customer, &product).await;
    broker_hangs(&lab, &customer, &product).await;
    proxy_dies(&lab, &customer, &product).await;

    let audited = lab.faultline(&["audit", "--patience", RECOVERY_SECONDS]);
    assert!(audited.status.success(), "{}", text(&audited));
    assert_eq!(lab.down(), Vec::<u64>::new());
}

/// Slower by what was asked for, and counted; then as before, without anybody's doing.
async fn slow(lab: &Lab, customer: &Person, product: &str) {
    set(lab, &[EDGE, "latency", "latency=400", "--lease", "10s"]);
    let since = Instant::now();
    let order = customer.order(product, 1, "tok_visa").await.expect(201);
    assert!(
        order["status"] == "paid" && since.elapsed() >= Duration::from_millis(400),
        "{order}"
    );
    eventually("the lease runs out", HEALED_WITHIN, async || {
        active(lab).is_empty()
    })
    .await;
    let healed = ended(lab);
    assert!(
        healed["ended"] == "lease" && healed["hits"].as_u64() >= Some(1),
        "{healed}"
    );
}

/// Payment cannot be reached: nobody is charged for what was not ordered, and every order ends one way or the other.
async fn gone(lab: &Lab, customer: &Person, product: &str) {
    set(lab, &[EDGE, "down", "--lease", "1m"]);
    for _ in 0..3 {
        let answer = customer.order(product, 1, "tok_visa").await;
        assert!(answer.body["status"] != "paid", "{}", answer.body);
    }
    let stop = lab.faultline(&["chaos", "stop"]);
    assert!(stop.status.success(), "{}", text(&stop));
    assert_eq!(active(lab), Vec::<Value>::new());
    paid_again(customer, product).await;
}

/// The ways to the data go through the proxy as well, that to the broker whatever address it tells its clients.
async fn data_tier(lab: &Lab, customer: &Person, product: &str) {
    set(lab, &["notification->kafka", "latency", "latency=20"]);
    set(lab, &["gateway->redis", "latency", "latency=20"]);
    paid_again(customer, product).await;
    eventually("both were hit", HEALED_WITHIN, async || {
        let faults = active(lab);
        faults.len() < 2 || faults.iter().all(|fault| fault["hits"].as_u64() >= Some(1))
    })
    .await;
    let events = edge(lab, "order->kafka").await["traffic"]["upstream_sent_bytes"].as_u64();
    assert!(
        events > Some(10_000),
        "events do not go over their edge: {events:?}"
    );
    assert!(lab.faultline(&["chaos", "stop"]).status.success());
}

async fn edge(lab: &Lab, name: &str) -> Value {
    let url = format!("{}/proxies/{name}", lab.env("CHAOS_PROXY_URL"));
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

/// Producers give up on what they have sent, and send it again when the broker goes on: the audit at the end misses no event.
async fn broker_hangs(lab: &Lab, customer: &Person, product: &str) {
    assert!(lab.faultline(&["pause", "broker"]).status.success());
    let since = Instant::now();
    while since.elapsed() < SENDERS_GIVE_UP {
        let answer = customer.order(product, 1, "tok_visa").await;
        assert!(answer.status.is_success(), "{}", answer.body);
        tokio::time::sleep(CUSTOMER_PAUSE).await;
    }
    assert!(lab.faultline(&["resume", "broker"]).status.success());
    paid_again(customer, product).await;
}

/// The proxy itself dies in mid-fault: it comes back with its edges and without the fault.
async fn proxy_dies(lab: &Lab, customer: &Person, product: &str) {
    set(
        lab,
        &[EDGE, "blackhole", "--stream", "upstream", "--lease", "5m"],
    );
    assert!(lab.faultline(&["kill", "chaos-proxy"]).status.success());
    eventually("it is back", HEALED_WITHIN, async || {
        let process = lab.process("chaos-proxy");
        process["state"] == "ready" && process["restarts"].as_u64() >= Some(1)
    })
    .await;
    assert_eq!(active(lab), Vec::<Value>::new());
    paid_again(customer, product).await;
}

/// Breakers that were opened by a fault let traffic through again by themselves. A customer who tries without a pause would
/// only leave hundreds of orders to recover.
async fn paid_again(customer: &Person, product: &str) {
    let give_up = Instant::now() + HEALED_WITHIN;
    loop {
        let answer = customer.order(product, 1, "tok_visa").await;
        if answer.body["status"] == "paid" {
            return;
        }
        assert!(
            Instant::now() < give_up,
            "no order is paid again: {}",
            answer.body
        );
        tokio::time::sleep(CUSTOMER_PAUSE).await;
    }
}

/// What nobody can tell from a failure, and no retry may make worse: payment has done it, and order is not told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_payment_that_are_lost_charge_nobody_twice_and_every_order_ends() {
    let lab = tokio::task::spawn_blocking(|| Lab::start("lost-replies"))
        .await
        .unwrap();
    let product = product_with_stock(&lab, 1_000).await;
    let customer = Person::customer(&lab).await;
    let half = ["--toxicity", "0.5", "--lease", "5m"];
    set(
        &lab,
        &[&[EDGE, "http_reply_lost", "method=post"], &half[..]].concat(),
    );
    let orders = place(&customer, &product, 20).await;
    let lost = active(&lab)[0].clone();
    assert!(lost["hits"].as_u64() >= Some(5), "{lost}");
    assert!(lab.faultline(&["chaos", "stop"]).status.success());
    for order in orders {
        eventually("it ends paid", HEALED_WITHIN, async || {
            customer.get(&format!("/api/v1/orders/{order}")).await.body["status"] == "paid"
        })
        .await;
    }
    let audited = lab.faultline(&["audit", "--patience", RECOVERY_SECONDS]);
    assert!(audited.status.success(), "{}", text(&audited));

    without_reconciliation(&lab, &customer, &product).await;
    assert_eq!(lab.down(), Vec::<u64>::new());
}

/// The same further out, between payment and its provider, with the protection off that stands against it: the customer pays
/// twice, and the auditor sees it. Otherwise neither the protection nor the auditor would be worth anything.
async fn without_reconciliation(lab: &Lab, customer: &Person, product: &str) {
    let url = lab.admin("payment", "/protections/payment.reconciliation");
    let off = json!({"on": false, "lease_ms": 300_000});
    let switched = reqwest::Client::new().put(url).json(&off).send().await;
    assert_eq!(switched.unwrap().status(), 204);
    set(
        lab,
        &[
            "payment->stripe",
            "http_reply_lost",
            "method=post",
            "--lease",
            "5m",
        ],
    );
    place(customer, product, 3).await;
    assert!(lab.faultline(&["chaos", "stop"]).status.success());
    let audited = lab.faultline(&["audit", "--patience", "10"]);
    assert_eq!(audited.status.code(), Some(1), "{}", text(&audited));
}

/// Orders, however they are answered as long as they are accepted.
async fn place(customer: &Person, product: &str, count: usize) -> Vec<String> {
    let mut orders = Vec::new();
    for _ in 0..count {
        let answer = customer.order(product, 1, "tok_visa").await;
        assert!(answer.status.is_success(), "{}", answer.body);
        orders.push(answer.body["id"].as_str().unwrap().to_owned());
    }
    orders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_that_does_not_exist_is_refused_with_the_nearest_name_and_nothing_is_set() {
    let lab = crate::lab::shared().await;
    for (words, says) in [
        (["order->paymnt", "latency"], "did you mean order->payment?"),
        ([EDGE, "latncy"], "did you mean latency?"),
        (["order->postgres", "latency"], "--postgres-edges"),
        (["order->kafka", "http_abort"], "is not known to carry HTTP"),
    ] {
        let output = lab.faultline(&[&["chaos", "set"], &words[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(says), "{}", text(&output));
    }
    let too_long = lab.faultline(&["chaos", "set", EDGE, "latency", "--lease", "2h"]);
    assert_eq!(too_long.status.code(), Some(2), "{}", text(&too_long));
    assert_eq!(json!(active(lab)), json!([]));
}
