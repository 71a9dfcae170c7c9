//! A circuit breaker of the running shop, measured from outside: after how many calls it opens, what the dependency sees while it
//! is open, how the caller answers meanwhile, and when it closes. Calls are counted at the edge, not by whoever makes them.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, text},
};

const EDGE: &str = "order->payment";
/// As configured in `services/resilience/src/breaker/config.rs`: so many calls are needed for a verdict…
const MINIMUM_CALLS: u64 = 20;
/// …and so many probes are let through when the wait is over.
const PROBES: u64 = 10;
/// Sent before the fault; fewer good calls than bad ones, so that the minimum decides.
const GOOD_ORDERS: u64 = 3;
/// The customer's own request and the saga's worker call at the same time; each is at most on its third try.
const UNDER_WAY: u64 = 6;
/// The breaker waits five seconds, then ten; then ten probes have to come by.
const CLOSED_WITHIN: Duration = Duration::from_secs(45);
/// Long enough for the first probes.
const WATCHED: Duration = Duration::from_secs(9);
/// From the closing to the end of every order that had to wait.
const RECOVERY_SECONDS: &str = "60";
/// Waiting for payment in vain would take a try's whole time (800 ms), again and again.
const ANSWERED_WITHIN: Duration = Duration::from_millis(1_500);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Breaker {
    state: &'static str,
    half_opened: u64,
}

async fn breaker(lab: &Lab) -> Breaker {
    let page = Client::new().get(lab.admin("order", "/metrics"));
    let page = page.send().await.unwrap().text().await.unwrap();
    let line = |begin: String| page.lines().find(|line| line.starts_with(&begin));
    let is = |state: &&str| {
        let series =
            format!("resilience4j_circuitbreaker_state{{name=\"{EDGE}\",state=\"{state}\"");
        line(series).is_some_and(|line| line.ends_with(" 1"))
    };
    let series = format!(
        "circuit_breaker_transitions_total{{edge=\"{EDGE}\",from=\"open\",to=\"half_open\""
    );
    let half_opened = line(series).and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    Breaker {
        state: ["closed", "open", "half_open"]
            .into_iter()
            .find(is)
            .unwrap(),
        half_opened: half_opened.unwrap_or_default() as u64,
    }
}

/// Calls that have reached the edge. With every connection reset, each try is one of its own.
async fn calls(lab: &Lab) -> u64 {
    let url = format!("{}/proxies/{EDGE}", lab.env("CHAOS_PROXY_URL"));
    let edge: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    edge["traffic"]["connections_accepted"].as_u64().unwrap()
}

fn chaos(lab: &Lab, words: &[&str]) {
    let output = lab.faultline(&[&["chaos"], words].concat());
    assert!(output.status.success(), "{words:?}: {}", text(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breaker_opens_in_time_spares_its_dependency_answers_fast_and_closes_again() {
    let lab = tokio::task::spawn_blocking(|| Lab::start("breakers"))
        .await
        .unwrap();
    let product = product_with_stock(&lab, 10_000).await;
    let customer = Person::customer(&lab).await;
    for _ in 0..GOOD_ORDERS {
        customer.order(&product, 1, "tok_visa").await.expect(201);
    }
    chaos(
        &lab,
        &[
            "set",
            EDGE,
            "reset_peer",
            "timeout=0",
            "--stream",
            "upstream",
            "--lease",
            "5m",
        ],
    );
    let before = calls(&lab).await;

    let until_open = opened(&lab, &customer, &product, before).await;
    assert!(
        until_open <= MINIMUM_CALLS + UNDER_WAY,
        "it opened after {until_open} calls, not {MINIMUM_CALLS}"
    );
    spared(&lab, &customer, &product).await;
    chaos(&lab, &["stop"]);
    closed(&lab, &customer, &product).await;

    // Orders that waited for payment are taken up again after growing pauses.
    let audited = lab.faultline(&["audit", "--patience", RECOVERY_SECONDS]);
    assert!(audited.status.success(), "{}", text(&audited));
    assert_eq!(lab.down(), Vec::<u64>::new());
}

/// Orders until it is open; answers how many calls the edge had seen by then.
async fn opened(lab: &Lab, customer: &Person, product: &str, before: u64) -> u64 {
    for _ in 0..MINIMUM_CALLS {
        customer.order(product, 1, "tok_visa").await;
        let now = calls(lab).await - before;
        if breaker(lab).await.state == "open" {
            return now;
        }
        assert!(
            now <= MINIMUM_CALLS + UNDER_WAY,
            "{now} calls, and it is still closed"
        );
    }
    panic!("it does not open");
}

/// While it is open, the edge sees nothing but probes, and customers are told at once that their order waits.
async fn spared(lab: &Lab, customer: &Person, product: &str) {
    let (seen, begun) = (calls(lab).await, breaker(lab).await);
    let since = Instant::now();
    let mut answers = Vec::new();
    while since.elapsed() < WATCHED {
        let asked = Instant::now();
        let order = customer.order(product, 1, "tok_visa").await;
        answers.push(asked.elapsed());
        assert_eq!(order.status, StatusCode::ACCEPTED, "{}", order.body);
    }
    let periods = breaker(lab).await.half_opened - begun.half_opened;
    let more = calls(lab).await - seen;
    assert!(
        more <= PROBES * periods + UNDER_WAY,
        "{more} calls in {periods} times of probing"
    );
    answers.sort();
    let p95 = answers[answers.len() * 95 / 100];
    assert!(
        p95 < ANSWERED_WITHIN,
        "p95 {p95:?} of {} answers",
        answers.len()
    );
}

/// Once payment can be reached again, probes find that out, and orders are paid.
async fn closed(lab: &Lab, customer: &Person, product: &str) {
    let since = Instant::now();
    while breaker(lab).await.state != "closed" {
        assert!(
            since.elapsed() < CLOSED_WITHIN,
            "it is still {:?}",
            breaker(lab).await
        );
        customer.order(product, 1, "tok_visa").await;
    }
    customer.order(product, 1, "tok_visa").await.expect(201);
}
