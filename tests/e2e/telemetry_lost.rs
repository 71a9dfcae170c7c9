//! Whoever takes the services' telemetry is down, silent or mad: checkout does not notice, and what is lost is counted.

use std::time::{Duration, Instant};

use reqwest::Client;

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, eventually},
    observatory::Observatory,
    otlp_endpoint::{Manner, OtlpEndpoint},
};

const ORDERS: usize = 20;
/// Half of the orders may take this many times as long as with a good endpoint: neighbours make a machine slower by
/// less, a checkout that waits for an answer about its telemetry (5 s) is slower by far more.
const SLOWER_MAX: u32 = 6;
/// A batch a second, five seconds of patience with each, and a machine that is busy.
const COUNTED_WITHIN: Duration = Duration::from_secs(60);
/// Everybody who takes part in an order.
const TELLERS: [&str; 6] = ["gateway", "order", "product", "inventory", "payment", "psp"];

const MAD: [(&str, Manner); 5] = [
    ("down", Manner::Away),
    ("silent", Manner::Silent),
    (
        "a server error",
        Manner::Answers("HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno"),
    ),
    (
        "somebody else's page",
        Manner::Answers(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 9\r\n\r\n<h1>Hi!\r\n",
        ),
    ),
    (
        "no HTTP at all",
        Manner::Answers("\u{1}\u{2}rubbish\r\n\r\n"),
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkout_does_not_notice_an_otlp_endpoint_that_is_down_silent_or_mad() {
    let mut endpoint = OtlpEndpoint::start().await;
    let url = endpoint.url();
    let start = move || Lab::start_with("telemetry-lost", &["--otlp-endpoint", &url]);
    let lab = tokio::task::spawn_blocking(start).await.unwrap();
    let product = product_with_stock(&lab, 1_000).await;
    let customer = Person::customer(&lab).await;
    let good = typical_checkout(&customer, &product).await;
    for (what, manner) in MAD {
        endpoint.behave(manner).await;
        let before = lost(&lab).await;
        let bad = typical_checkout(&customer, &product).await;
        println!("{what}: {bad:?}, with a good endpoint {good:?}");
        assert!(
            bad < good * SLOWER_MAX,
            "{what}: {bad:?} instead of {good:?}"
        );
        eventually(
            &format!("every service counts its loss: {what}"),
            COUNTED_WITHIN,
            async || {
                let now = lost(&lab).await;
                now.iter().zip(&before).all(|(now, before)| now > before)
            },
        )
        .await;
    }
    endpoint.behave(Manner::Takes).await;
    let before = items(&lab, &["exported"]).await;
    typical_checkout(&customer, &product).await;
    eventually("telemetry arrives again", COUNTED_WITHIN, async || {
        let now = items(&lab, &["exported"]).await;
        now.iter().zip(&before).all(|(now, before)| now > before)
    })
    .await;
    let known = Observatory::of(&lab).get("/api/v3/services", &[]).await;
    assert_eq!(
        known.unwrap()["services"],
        serde_json::json!([]),
        "all of it went elsewhere"
    );
    lab.assert_balanced("without telemetry");
    assert_eq!(lab.down(), Vec::<u64>::new());
}

/// Orders one after the other, all of them paid; how long half of them took at most.
async fn typical_checkout(customer: &Person, product: &str) -> Duration {
    let mut took = Vec::new();
    for _ in 0..ORDERS {
        let started = Instant::now();
        let order = customer.order(product, 1, "tok_visa").await.expect(201);
        took.push(started.elapsed());
        assert_eq!(order["status"], "paid");
    }
    took.sort();
    took[ORDERS / 2]
}

/// Spans that each service could not get rid of.
async fn lost(lab: &Lab) -> Vec<u64> {
    items(lab, &["dropped", "failed"]).await
}

/// How many spans of each service ended this way.
async fn items(lab: &Lab, outcomes: &[&str]) -> Vec<u64> {
    let mut items = Vec::new();
    for service in TELLERS {
        let page = Client::new()
            .get(lab.admin(service, "/metrics"))
            .send()
            .await
            .unwrap();
        let page = page.text().await.unwrap();
        let of = |outcome: &&str| {
            let series = format!(
                "telemetry_items_total{{outcome=\"{outcome}\",signal=\"traces\",service=\"{service}\"}} "
            );
            let value = page.lines().find_map(|line| line.strip_prefix(&series));
            value
                .unwrap_or_else(|| panic!("no {series} in\n{page}"))
                .parse::<u64>()
                .unwrap()
        };
        items.push(outcomes.iter().map(of).sum());
    }
    items
}
