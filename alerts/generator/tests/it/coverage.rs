//! Every alert has a unit test in which it is quiet, fires, and is quiet again.

use serde::Deserialize;

use crate::support::{Alert, alerts, files, read};

#[derive(Deserialize)]
struct TestFile {
    rule_files: Vec<String>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    alert_rule_test: Vec<Look>,
}

/// One look at an alert; looks are written in the order of time.
#[derive(Deserialize)]
struct Look {
    alertname: String,
    exp_alerts: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    exp_labels: std::collections::BTreeMap<String, String>,
}

/// All labels that the rule sets are seen on an alert that is expected.
fn fires(look: &Look, alert: &Alert) -> bool {
    let is = |expected: &Expected| {
        let has = |(name, value)| expected.exp_labels.get(name) == Some(value);
        alert.labels.iter().all(has)
    };
    look.exp_alerts.iter().any(is)
}

/// Quiet, firing, quiet again, within one test.
fn whole_story(test: &Test, alert: &Alert) -> bool {
    let looks = test
        .alert_rule_test
        .iter()
        .filter(|look| look.alertname == alert.name);
    let mut seen: Vec<bool> = looks.map(|look| fires(look, alert)).collect();
    seen.dedup();
    seen.windows(3).any(|three| three == [false, true, false])
}

/// Never firing, in a test of its own: what comes close and is well.
fn stays_quiet(test: &Test, alert: &Alert) -> bool {
    let mut looks = test
        .alert_rule_test
        .iter()
        .filter(|look| look.alertname == alert.name)
        .peekable();
    looks.peek().is_some() && looks.all(|look| look.exp_alerts.is_empty())
}

fn tests_of(rules: &str) -> Vec<Test> {
    let path = format!("../rules/{rules}");
    files("alerts/tests", ".yml")
        .iter()
        .map(|file| {
            let text = read(&format!("alerts/tests/{file}"));
            serde_norway::from_str::<TestFile>(&text)
                .unwrap_or_else(|error| panic!("{file}: {error}"))
        })
        .filter(|file| file.rule_files.contains(&path))
        .flat_map(|file| file.tests)
        .collect()
}

#[test]
fn every_alert_is_seen_quiet_firing_and_resolved() {
    for alert in alerts() {
        let told = tests_of(&alert.file)
            .iter()
            .any(|test| whole_story(test, &alert));
        assert!(
            told,
            "{} of {} with {:?} has no such test",
            alert.name, alert.file, alert.labels
        );
    }
}

#[test]
fn every_alert_is_seen_to_stay_quiet_where_things_are_just_good_enough() {
    for alert in alerts() {
        let quiet = tests_of(&alert.file)
            .iter()
            .any(|test| stays_quiet(test, &alert));
        assert!(quiet, "{} of {} has no such test", alert.name, alert.file);
    }
}
