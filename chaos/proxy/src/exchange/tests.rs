//! Who is hit, by what, and that nothing else makes a difference.

use http::HeaderValue;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fault::Toll;

const PLACE: Place<'_> = Place {
    seed: 42,
    edge: "order->payment",
};

fn fault(kind: &str, toxicity: f64, attributes: Value) -> Arc<Fault> {
    let attributes = attributes.as_object().expect("an object");
    let toxic = Toxic::parse(kind, attributes).expect("read");
    let toxic = toxic.expect("known");
    Arc::new(Fault {
        id: 1,
        name: kind.to_owned(),
        stream: toxic.stream().expect("an HTTP fault has one"),
        toxic,
        toxicity,
        toll: Arc::new(Toll::default()),
        attempts: Arc::default(),
    })
}

fn set(faults: Vec<Arc<Fault>>) -> FaultSet {
    FaultSet {
        faults,
        ..FaultSet::default()
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| {
            (
                name.parse().expect("a name"),
                HeaderValue::from_str(value).expect("a value"),
            )
        })
        .collect()
}

fn asked(headers: &HeaderMap) -> Asked<'_> {
    Asked {
        method: &Method::POST,
        path: "/payments",
        headers,
        connection: 3,
        number: 0,
    }
}

fn is_lost(set: &FaultSet, key: &str) -> bool {
    let headers = headers(&[("idempotency-key", key)]);
    Plan::of(set, PLACE, asked(&headers)).reply_lost.is_some()
}

#[test]
fn a_request_is_its_idempotency_key_else_its_request_id_else_its_place() {
    let both = headers(&[("x-request-id", "r"), ("Idempotency-Key", "k")]);
    assert_eq!(asked(&both).key(), ("k".to_owned(), true));
    let one = headers(&[("x-request-id", "r")]);
    assert_eq!(asked(&one).key(), ("r".to_owned(), true));
    assert_eq!(asked(&HeaderMap::new()).key(), ("3/0".to_owned(), false));
}

#[test]
fn a_retry_is_another_decision_and_a_request_without_a_name_has_none() {
    let set = set(vec![fault("http_reply_lost", 0.5, json!({}))]);
    let tries: Vec<bool> = (0..20).map(|_| is_lost(&set, "k")).collect();
    assert!(tries.contains(&true) && tries.contains(&false), "{tries:?}");
    let nameless = HeaderMap::new();
    let again = (0..20).map(|_| Plan::of(&set, PLACE, asked(&nameless)).reply_lost.is_some());
    let again: Vec<bool> = again.collect();
    assert!(again.iter().all(|hit| *hit == again[0]), "{again:?}");
}

#[test]
fn what_a_fault_is_not_meant_for_is_left_alone_and_not_counted_as_asked() {
    let only = json!({"method": "GET"});
    let aborts = fault("http_abort", 1.0, only);
    let plan = Plan::of(
        &set(vec![Arc::clone(&aborts)]),
        PLACE,
        asked(&headers(&[("x-request-id", "r")])),
    );
    assert!(plan.abort.is_none());
    assert_eq!(aborts.attempts.next("r"), 0);
}

#[test]
fn several_faults_add_up_and_the_first_abort_wins() {
    let plan = Plan::of(
        &set(vec![
            fault("http_delay", 1.0, json!({"delay": 5})),
            fault("http_delay", 1.0, json!({"delay": 7})),
            fault("http_abort", 1.0, json!({"status": 500})),
            fault("http_abort", 1.0, json!({"status": 429})),
            fault("http_duplicate", 1.0, json!({})),
            fault("http_reply_delay", 1.0, json!({"delay": 9})),
        ]),
        PLACE,
        asked(&HeaderMap::new()),
    );
    let delays: Vec<u128> = plan
        .delays
        .iter()
        .map(|(_, time)| time.as_millis())
        .collect();
    assert_eq!(delays, [5, 7]);
    assert_eq!(
        plan.abort.expect("planned").1,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert!(plan.duplicate.is_some() && plan.reply_delays.len() == 1);
}

#[test]
fn headers_ask_within_what_is_allowed_and_only_where_it_is() {
    let asks = headers(&[
        ("x-envoy-fault-abort-request", "503"),
        ("x-envoy-fault-delay-request", "60000"),
    ]);
    let nothing = Plan::of(&set(Vec::new()), PLACE, asked(&asks));
    assert!(nothing.abort.is_none() && nothing.delays.is_empty());
    let allowed = fault("http_headers", 1.0, json!({"delay_max": 100}));
    let plan = Plan::of(&set(vec![allowed]), PLACE, asked(&asks));
    assert_eq!(plan.delays[0].1, Duration::from_millis(100));
    assert!(plan.abort.is_some());
    let never = fault("http_headers", 0.0, json!({}));
    let plan = Plan::of(&set(vec![never]), PLACE, asked(&asks));
    assert!(plan.abort.is_none() && plan.delays.is_empty());
}

proptest! {
    /// The point of it all: who is hit does not depend on the order in which requests come.
    #[test]
    fn the_same_requests_are_hit_in_whatever_order_they_come(
        order in vec(0..30_u8, 1..200).prop_shuffle(), toxicity in 0.1..0.9
    ) {
        let hit = |keys: &[u8]| {
            let set = set(vec![fault("http_reply_lost", toxicity, json!({}))]);
            let mut hit: Vec<(u8, bool)> = keys.iter().map(|key| (*key, is_lost(&set, &key.to_string()))).collect();
            // By key; the tries of one key stay in their order.
            hit.sort_by_key(|(key, _)| *key);
            hit
        };
        let mut sorted = order.clone();
        sorted.sort_unstable();
        prop_assert_eq!(hit(&order), hit(&sorted));
    }
}
