//! Alerts from end to end: a service falls silent, Prometheus notices, Alertmanager delivers, the command shows it.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, TestLab, eventually};

/// Silence is noticed after a scrape's timeout, counts after 15 seconds, and is delivered after two; the rest is patience
/// with a busy machine.
const ALERT_LIMIT: Duration = Duration::from_secs(120);

fn alerts(lab: &TestLab) -> Answer {
    lab.call(&["alerts", "--json"])
}

/// The alerts that were delivered, as `name of service: status`.
fn delivered(lab: &TestLab) -> Vec<String> {
    let list = alerts(lab).json();
    let word = |one: &Value| {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let (name, service) = (text(&one["name"]), text(&one["labels"]["service"]));
        format!("{name} of {service}: {}", text(&one["status"]))
    };
    list.as_array().expect("a list").iter().map(word).collect()
}

#[test]
fn a_frozen_service_raises_an_alert_that_ends_when_it_thaws_and_no_other() {
    let lab = TestLab::new();
    let up = lab.up();
    assert_eq!(up.code, 0, "{}", up.notes);
    let quiet = alerts(&lab);
    assert_eq!((quiet.code, quiet.json()), (0, serde_json::json!([])));

    assert_eq!(lab.call(&["pause", "order"]).code, 0);
    eventually("order's silence is an alert", ALERT_LIMIT, || {
        delivered(&lab) == ["ServiceDown of order: firing"]
    });
    let table = lab.call(&["alerts"]);
    assert_eq!(table.code, 1);
    assert!(
        table.out.contains("order does not answer."),
        "{}",
        table.out
    );

    assert_eq!(lab.call(&["resume", "order"]).code, 0);
    eventually("the alert is over", ALERT_LIMIT, || {
        delivered(&lab) == ["ServiceDown of order: resolved"]
    });
    assert_eq!(alerts(&lab).code, 0);
}

#[test]
fn without_events_nothing_can_be_said_about_objectives() {
    let lab = TestLab::new();
    let up = lab.up();
    assert_eq!(up.code, 0, "{}", up.notes);
    let status = lab.call(&["slo", "status", "--json"]);
    assert_eq!(status.code, 2, "{}", status.notes);
    let report = status.json();
    assert_eq!(
        (&report["met"], &report["period"]),
        (&Value::Null, &"1d".into())
    );
    let objectives = report["objectives"].as_array().expect("a list");
    assert_eq!(objectives.len(), 4);
    assert!(
        objectives.iter().all(|one| one["sli"].is_null()),
        "{report}"
    );
    let table = lab.call(&["slo", "status"]);
    assert!(
        table.out.contains("nothing can be said yet"),
        "{}",
        table.out
    );
}
