//! Every step of the saga × every way in which its call can go wrong: all end, and stock and money are where they belong.
//!
//! Here the call fails, is done and not answered, or is made twice. The fourth and fifth way, a crash before the call and
//! after it, is `tests/e2e/crashes.rs`: by `kill -9` of the program. Both take the steps from the saga's own crash points.

use std::collections::BTreeSet;

use chassis::crash;
use reqwest::Method;
use serde_json::json;

use crate::{
    proxy::{Fault, Proxy, Rule},
    shop::Shop,
};

/// Short patience, so that a lost answer costs a test seconds and not half a minute.
const HASTY: [(&str, &str); 7] = [
    ("EDGE_INVENTORY_TRY_TIMEOUT_MS", "300"),
    ("EDGE_INVENTORY_DEADLINE_MS", "700"),
    ("EDGE_PAYMENT_TRY_TIMEOUT_MS", "300"),
    ("EDGE_PAYMENT_DEADLINE_MS", "700"),
    ("SAGA_REQUEST_DEADLINE_MS", "1000"),
    ("SAGA_LEASE_MS", "1500"),
    ("SAGA_POLL_MS", "50"),
];
const FAULTS: [Fault; 3] = [Fault::Refuse, Fault::LoseReply, Fault::Double];
/// More than one call tries, so that the request gives up and the worker has to go on.
const OFTEN: u32 = 4;

struct Case {
    step: &'static str,
    method: &'static str,
    suffix: &'static str,
    cancels: bool,
}

/// The calls of each step, as they look on the wire; a reservation's path ends with the order's id, so its method tells.
const CASES: [Case; 5] = [
    Case {
        step: "reserve",
        method: "PUT",
        suffix: "",
        cancels: false,
    },
    Case {
        step: "charge",
        method: "POST",
        suffix: "/payments",
        cancels: false,
    },
    Case {
        step: "commit",
        method: "POST",
        suffix: "/commit",
        cancels: false,
    },
    Case {
        step: "void",
        method: "POST",
        suffix: "/void",
        cancels: true,
    },
    Case {
        step: "release",
        method: "POST",
        suffix: "/release",
        cancels: true,
    },
];

/// Steps as the saga itself names them: each of them registers its crash points.
fn steps() -> BTreeSet<String> {
    let points = crash::list().into_iter();
    let step = |point: crash::CrashPoint| {
        let rest = point.name.strip_prefix("order.saga.")?;
        Some(rest.split('.').next()?.to_owned())
    };
    points.filter_map(step).collect()
}

fn edge<'a>(shop: &'a Shop, case: &Case) -> &'a Proxy {
    if matches!(case.step, "charge" | "void") {
        &shop.payment
    } else {
        &shop.inventory
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_the_call_of_any_step_the_saga_ends_and_the_books_agree() {
    let shop = Shop::open(1_000, &HASTY).await;
    let cases = CASES.map(|case| case.step.to_owned());
    assert_eq!(BTreeSet::from(cases), steps(), "a step has no case");
    for case in CASES {
        for fault in FAULTS {
            let why = format!("{} {fault:?}", case.step);
            let times = if fault == Fault::Double { 1 } else { OFTEN };
            let rule = Rule {
                method: case.method,
                suffix: case.suffix,
                fault,
                times,
            };
            edge(&shop, &case).set(rule);

            let answer = shop.order(2, "tok_visa").await;

            assert!(answer.status.is_success(), "{why}: {}", answer.body);
            let id = answer.body["id"].as_str().unwrap().to_owned();
            let mut expected = "paid";
            shop.settled(&id).await;
            if case.cancels {
                let reason = json!({ "reason": "changed my mind" });
                let path = format!("/api/v1/orders/{id}/cancel");
                let cancelled = shop.send(Method::POST, &path, Some(&reason)).await;
                assert!(cancelled.status.is_success(), "{why}: {}", cancelled.body);
                expected = "cancelled";
            }
            let order = shop.settled(&id).await;
            assert_eq!(order["status"], expected, "{why}: {order}");
            assert!(
                edge(&shop, &case).hits() > 0,
                "{why}: the fault hit nothing"
            );
            shop.assert_consistent(&id, expected, 2, &why).await;
        }
    }
}

#[tokio::test]
async fn a_declined_card_whose_release_is_lost_still_gives_the_stock_back() {
    let shop = Shop::open(5, &HASTY).await;
    let rule = Rule {
        method: "POST",
        suffix: "/release",
        fault: Fault::LoseReply,
        times: OFTEN,
    };
    shop.inventory.set(rule);
    let answer = shop.order(2, "tok_chargeDeclined").await;
    let order = shop.settled(answer.body["id"].as_str().unwrap()).await;
    assert_eq!(
        (&order["status"], &order["reason"]),
        (&json!("cancelled"), &json!("payment_declined"))
    );
    shop.assert_consistent(
        order["id"].as_str().unwrap(),
        "cancelled",
        2,
        "lost release",
    )
    .await;
}
