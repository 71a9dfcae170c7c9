//! Alerts as the person on call meets them: the shop fails its customers, somebody is paged, it heals, the page is over.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, eventually, text},
};

/// What the lab's rules promise (alerts/rules/slo-lab.yml).
const PAGED_WITHIN: Duration = Duration::from_secs(120);
/// A minute without errors ends the page (its longer pair looks back that far) and half a minute the breaker's ticket;
/// before that the breaker has to find out that all is well again.
const OVER_WITHIN: Duration = Duration::from_secs(240);
/// Together eight requests a second: under every limit, enough for a breaker to make up its mind.
const CUSTOMERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_fails_its_customers_pages_within_two_minutes_and_the_page_ends_after_healing()
{
    let lab = tokio::task::spawn_blocking(|| Lab::start("alarmed"));
    let lab = Arc::new(lab.await.unwrap());
    let customers = customers(&lab).await;
    // Nobody is paged for the observatory, which the shop does without and which comes back at once.
    act(&lab, &["kill", "observatory"]);
    act(&lab, &["pause", "order"]);
    let broken = Instant::now();
    let page = ("AvailabilityBudgetBurn", "page");
    told(&lab, PAGED_WITHIN, page, "firing").await;
    println!("paged after {:?}", broken.elapsed());
    told(&lab, PAGED_WITHIN, ("ServiceDown", "page"), "firing").await;
    told(&lab, PAGED_WITHIN, ("BreakerOpen", "ticket"), "firing").await;
    assert_eq!(
        lab.faultline(&["alerts"]).status.code(),
        Some(1),
        "one fires"
    );

    act(&lab, &["resume", "order"]);
    let healed = Instant::now();
    for alert in [("ServiceDown", "page"), ("BreakerOpen", "ticket"), page] {
        told(&lab, OVER_WITHIN, alert, "resolved").await;
    }
    println!("over {:?} after healing", healed.elapsed());
    drop(customers);
    assert_eq!(
        named(&lab, "ServiceDown", "service"),
        BTreeSet::from(["order".to_owned()])
    );
    assert_eq!(
        named(&lab, "BreakerOpen", "name"),
        BTreeSet::from(["gateway->order".to_owned()])
    );
    assert_eq!(lab.down(), Vec::<u64>::new());
}

/// Customers who look at their orders again and again, until the set is dropped.
async fn customers(lab: &Arc<Lab>) -> JoinSet<()> {
    let product = product_with_stock(lab, 5).await;
    let mut customers = JoinSet::new();
    for _ in 0..CUSTOMERS {
        let customer = Person::customer(lab).await;
        customer.order(&product, 1, "tok_visa").await.expect(201);
        customers.spawn(async move {
            loop {
                customer.get("/api/v1/orders").await;
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    customers
}

fn act(lab: &Lab, command: &[&str]) {
    let done = lab.faultline(command);
    assert!(done.status.success(), "{}", text(&done));
}

/// Waits until an alert of this name and severity was delivered and is in this state.
async fn told(lab: &Lab, within: Duration, (name, severity): (&str, &str), status: &str) {
    eventually(
        &format!("{name} ({severity}) is {status}"),
        within,
        async || {
            let alerts = delivered(lab);
            let mut of_name = alerts
                .iter()
                .filter(|one| one["name"] == name && one["severity"] == severity)
                .peekable();
            of_name.peek().is_some() && of_name.all(|one| one["status"] == status)
        },
    )
    .await;
}

fn delivered(lab: &Lab) -> Vec<Value> {
    let alerts = lab.json(&["alerts", "--json"]);
    alerts.as_array().unwrap().clone()
}

/// The values of a label on all alerts of a name.
fn named(lab: &Lab, name: &str, label: &str) -> BTreeSet<String> {
    let alerts = delivered(lab);
    let of_name = alerts.iter().filter(|one| one["name"] == name);
    let value = |one: &Value| one["labels"][label].as_str().unwrap().to_owned();
    of_name.map(value).collect()
}
