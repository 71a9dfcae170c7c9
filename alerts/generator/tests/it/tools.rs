//! What promtool and amtool say.

use std::process::Command;

use crate::support::{files, repository};

/// Runs it in `alerts/` and insists that it is content.
fn content(program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(repository().join("alerts"))
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; run `faultline setup --for test`"));
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    assert!(
        output.status.success(),
        "{program} {arguments:?}:\n{printed}"
    );
}

#[test]
fn promtool_finds_nothing_in_the_rules_not_even_lint() {
    for file in files("alerts/rules", ".yml") {
        let path = format!("rules/{file}");
        content(
            "promtool",
            &["check", "rules", "--lint=all", "--lint-fatal", &path],
        );
    }
}

#[test]
fn every_unit_test_of_the_rules_passes() {
    for file in files("alerts/tests", ".yml") {
        content("promtool", &["test", "rules", &format!("tests/{file}")]);
    }
}

#[test]
fn prometheus_accepts_its_configuration() {
    content(
        "promtool",
        &["check", "config", "../dashboards/prometheus/prometheus.yml"],
    );
}

#[test]
fn alertmanager_accepts_its_configuration() {
    content("amtool", &["check-config", "alertmanager.yml"]);
}
