//! The demo as people and programs read it: how it ends.

use serde_json::{Value, json};

use crate::{
    lab::{observed, text},
    observatory::Observatory,
};

const SHORT: [&str; 7] = ["demo", "--seconds", "3", "--rate", "5", "--customers", "20"];

#[tokio::test]
async fn the_demo_ends_with_its_slowest_order_and_how_the_objectives_stand() {
    let lab = observed().await;
    let shown = lab.faultline(&SHORT);
    let shown = text(&shown);
    let (_, ending) = shown
        .split_once("\nThe slowest order\ntrace ")
        .expect(&shown);
    let id = ending.split_whitespace().next().unwrap();
    for part in [
        " POST /api/v1/orders\n",
        " saga charge\n",
        &format!("faultline trace {id}\n"),
        "\nObjectives\nOBJECTIVE ",
        "\ncheckout ",
    ] {
        assert!(ending.contains(part), "{part:?} is not in\n{shown}");
    }
    assert!(
        !ending.contains("INSERT"),
        "statements are left out\n{shown}"
    );
}

#[tokio::test]
async fn the_demo_tells_programs_the_trace_of_its_slowest_order_and_how_the_objectives_stand() {
    let lab = observed().await;
    let report = lab.json(&[&SHORT[..], &["--json"]].concat());
    let trace = report["slowest_order_trace_id"].as_str().expect("a trace");
    let spans = Observatory::of(&lab).trace(trace).await;
    // Above it is only the customer, who exports no spans.
    let known = |id: &str| spans.iter().any(|span| span.id == id);
    let longest = spans.iter().find(|span| !known(&span.parent)).unwrap();
    assert_eq!(
        (&*longest.service, &*longest.name),
        ("gateway", "POST /api/v1/orders")
    );
    let objectives = report["slo"]["objectives"].as_array().expect("a list");
    let names: Vec<&Value> = objectives.iter().map(|one| &one["name"]).collect();
    assert_eq!(
        json!(names),
        json!(["availability", "latency", "checkout", "event-freshness"])
    );
}
