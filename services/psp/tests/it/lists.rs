//! Cursors: walking a list shows each object once.

use std::collections::BTreeSet;

use serde_json::Value;

use super::support::{Answer, Psp};

fn ids(answer: &Answer) -> Vec<String> {
    let data = answer.body["data"].as_array().expect("a list has data");
    data.iter()
        .map(|item| item["id"].as_str().expect("objects have ids").to_owned())
        .collect()
}

/// Walks with `starting_after` to the end.
async fn walk(psp: &Psp, path: &str, limit: usize) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let after = seen
            .last()
            .map(|id| format!("&starting_after={id}"))
            .unwrap_or_default();
        let page = psp.get(&format!("{path}?limit={limit}{after}")).await.ok();
        let found = ids(&page);
        assert!(found.len() <= limit);
        seen.extend(found);
        if page.body["has_more"] == Value::Bool(false) {
            return seen;
        }
    }
}

#[tokio::test]
async fn walking_the_list_shows_every_intent_once_newest_first() {
    let psp = Psp::start().await;
    let mut made = Vec::new();
    for order in 0..11 {
        let paid = psp
            .charge("tok_visa", "100", &format!("o-{order}"))
            .await
            .ok();
        made.push(paid.text("/id").to_owned());
    }
    made.reverse();
    for limit in [1, 3, 11, 100] {
        assert_eq!(
            walk(&psp, "/v1/payment_intents", limit).await,
            made,
            "{limit}"
        );
    }
    let page = psp.get("/v1/payment_intents").await.ok();
    assert_eq!(ids(&page), made[..10]);

    let path = format!("/v1/payment_intents?limit=3&ending_before={}", made[5]);
    let before = psp.get(&path).await.ok();
    assert_eq!(ids(&before), made[2..5]);
    assert_eq!(before.body["has_more"], Value::Bool(true));
}

#[tokio::test]
async fn refunds_and_events_are_lists_too() {
    let psp = Psp::start().await;
    let paid = psp.charge("tok_visa", "1000", "o").await.ok();
    let other = psp.charge("tok_visa", "1000", "o").await.ok();
    for intent in [&paid, &paid, &other] {
        let form = [("payment_intent", intent.text("/id")), ("amount", "100")];
        psp.post("/v1/refunds", &form).await.ok();
    }
    assert_eq!(walk(&psp, "/v1/refunds", 2).await.len(), 3);
    let of_one = psp
        .get(&format!("/v1/refunds?payment_intent={}", paid.text("/id")))
        .await
        .ok();
    assert_eq!(ids(&of_one).len(), 2);

    let events = walk(&psp, "/v1/events", 2).await;
    assert_eq!(events.iter().collect::<BTreeSet<_>>().len(), 5);
    let newest = psp.get(&format!("/v1/events/{}", events[0])).await.ok();
    assert_eq!(newest.text("/type"), "charge.refunded");
    assert_eq!(newest.number("/data/object/amount_refunded"), 100);
}

#[tokio::test]
async fn search_finds_all_attempts_of_an_order_page_by_page() {
    let psp = Psp::start().await;
    for token in ["tok_chargeDeclined", "tok_insufficientFunds", "tok_visa"] {
        psp.charge(token, "100", "o-1").await;
    }
    psp.charge("tok_visa", "100", "o-2").await.ok();
    let path = "/v1/payment_intents/search?limit=2&query=metadata%5B%22order_id%22%5D%3A%22o-1%22";
    let first = psp.get(path).await.ok();
    assert_eq!(first.text("/object"), "search_result");
    assert_eq!(first.text("/data/0/status"), "succeeded");
    let next = first.text("/next_page");
    let second = psp.get(&format!("{path}&page={next}")).await.ok();
    assert_eq!((ids(&first).len(), ids(&second).len()), (2, 1));
    assert_eq!(second.body["has_more"], Value::Bool(false));
}
