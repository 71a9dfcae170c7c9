//! The load as people and programs use it: its verdict, its files, its exit codes. Never its latencies: those are the
//! machine's.

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    lab::{Lab, eventually, observed, text},
    observatory::Observatory,
};

/// Endpoints that only the scenario beside them asks for.
const MARKS: [(&str, &str); 8] = [
    ("browser", "GET /inventory/{id}"),
    ("searcher", "GET /products?search"),
    ("new_customer", "GET /users/me"),
    ("buyer", "POST /orders"),
    ("returning_buyer", "GET /orders/analytics"),
    ("canceller", "POST /orders/{id}/cancel"),
    ("administrator", "POST /inventory/{id}/restock"),
    ("attacker", "GET /orders/{id} (foreign)"),
];

/// A crowd that thinks fast, in the closed model.
const CROWD: &str = "\
description: a quick crowd
model: closed
users: 6
ramp_up: 1s
duration: 5s
think_time: 0.05
scenarios:
  browser: { weight: 2 }
  buyer: { weight: 2 }
  canceller: { weight: 1 }
  attacker: { weight: 1 }
thresholds:
  - right >= 99.9 %
";

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("load-{name}-{}", uuid::Uuid::now_v7()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a load whose files go to `out`, and returns what it says with its report.
fn load(lab: &Lab, out: &Path, options: &[&str]) -> (Output, Value) {
    let out = out.to_str().unwrap();
    let output = lab.faultline(&[&["load", "--json", "--out", out], options].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", text(&output)));
    (output, report)
}

fn endpoints(report: &Value) -> BTreeSet<&str> {
    let endpoints = report["runs"][0]["endpoints"].as_array().unwrap().iter();
    endpoints
        .map(|one| one["endpoint"].as_str().unwrap())
        .collect()
}

fn history(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("history.jsonl")).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

#[tokio::test]
async fn a_smoke_load_passes_with_every_scenario_and_balanced_books() {
    let lab = observed().await;
    let out = folder("smoke");
    let (output, report) = load(&lab, &out, &["--profile", "smoke"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(
        (&report["verdict"], &report["books"]["balanced"]),
        (&"passed".into(), &true.into())
    );
    let seen = endpoints(&report);
    for (scenario, endpoint) in MARKS {
        assert!(seen.contains(endpoint), "no {scenario} came: {seen:?}");
    }
    let checks = report["books"]["checks"].to_string();
    for check in [
        "acknowledged_orders_kept",
        "unknown_orders_resolved",
        "refused_orders_not_made",
        "one_order_a_key",
    ] {
        assert!(checks.contains(check), "{check} is not in {checks}");
    }
    for file in ["report.json", "report.html", "report.md", "junit.xml"] {
        assert!(fs::metadata(out.join(file)).unwrap().len() > 0, "{file}");
    }
    let written = history(&out);
    let measured = report["runs"][0]["all"]["count"].as_u64().unwrap();
    assert!(
        written.len() as u64 >= measured,
        "{} lines of {measured}",
        written.len()
    );
    fs::remove_dir_all(out).unwrap();
}

#[tokio::test]
async fn the_slowest_requests_can_be_looked_up_by_their_traces() {
    let lab = observed().await;
    let out = folder("traces");
    let (_, report) = load(&lab, &out, &["--duration", "3s"]);
    let slowest = report["runs"][0]["all"]["slowest"].as_array().unwrap();
    assert!(!slowest.is_empty());
    for slow in slowest {
        let spans = Observatory::of(&lab)
            .trace(slow["trace_id"].as_str().unwrap())
            .await;
        assert!(spans.iter().any(|span| span.service == "gateway"), "{slow}");
    }
    fs::remove_dir_all(out).unwrap();
}

#[tokio::test]
async fn a_profile_of_ones_own_runs_as_a_crowd_of_users() {
    let lab = observed().await;
    let out = folder("crowd");
    let file = out.join("crowd.yaml");
    fs::write(&file, CROWD).unwrap();
    let (output, report) = load(&lab, &out, &["--profile", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let run = &report["runs"][0];
    assert_eq!(
        (&run["model"], &run["profile"]),
        (&"closed".into(), &"crowd".into())
    );
    assert!(
        endpoints(&report).contains("POST /orders/{id}/cancel"),
        "{}",
        text(&output)
    );
    // Ctrl-C is Goose's own in this model.
    let stopped = stopped_early(
        &lab,
        &["--profile", file.to_str().unwrap(), "--duration", "5m"],
    )
    .await;
    assert_eq!(stopped["runs"][0]["stopped_early"], true);
    fs::remove_dir_all(out).unwrap();
}

#[tokio::test]
async fn a_load_that_is_stopped_reports_what_there_is() {
    let lab = observed().await;
    let report = stopped_early(&lab, &["--profile", "smoke", "--duration", "5m"]).await;
    let run = &report["runs"][0];
    assert_eq!(
        (&run["stopped_early"], &run["limited_by"][0]["by"]),
        (&true.into(), &"stopped".into())
    );
    assert!(run["seconds"].as_f64().unwrap() < 300.0);
}

/// Begins a load, interrupts it when orders have gone through, and returns its report.
async fn stopped_early(lab: &Lab, options: &[&str]) -> Value {
    let out = folder("stopped");
    let mut child = begin(lab, &out, options);
    let ordered = || async {
        let lines = history(&out);
        lines
            .iter()
            .filter(|line| line["endpoint"] == "POST /orders")
            .count()
            > 2
            && lines
                .iter()
                .filter(|line| line["scenario"] != "set-up")
                .count()
                > 40
    };
    eventually("orders go through", Duration::from_secs(120), ordered).await;
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap())
        .await
        .unwrap();
    assert_eq!(status.code(), Some(105));
    let report = fs::read(out.join("report.json")).unwrap();
    fs::remove_dir_all(out).unwrap();
    serde_json::from_slice(&report).unwrap()
}

fn begin(lab: &Lab, out: &Path, options: &[&str]) -> Child {
    let out = out.to_str().unwrap();
    let mut command = lab.command(&[&["load", "--out", out], options].concat());
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let lab = observed().await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let foreign = format!("http://{}", elsewhere.local_addr().unwrap());
    for (options, words) in [
        (&["--profile", "smoek"][..], "did you mean smoke?"),
        (&["--profile", "/nowhere.yaml"], "cannot be read"),
        (&["--rate", "0"], "a number above 0"),
        (&["--rate", "many"], "a number above 0"),
        (&["--rate", "5", "--users", "5"], "give one of them"),
        (&["--users", "1000000"], "give 1 to"),
        (&["--duration", "0s"], "shorter than a second"),
        (&["--duration", "soon"], "write for example 30s"),
        (&["--repeat", "0"], "a number above 0"),
        (&["--seed", "lucky"], "a whole number from 0"),
        (&["--target", "ftp://x"], "no address of a gateway"),
        (&["--target", &foreign], "--i-own-this-target"),
        (
            &["--target", "http://127.0.0.1:9", "--i-own-this-target"],
            "cannot be reached",
        ),
    ] {
        let refused = lab.faultline(&[&["load"], options].concat());
        assert_eq!(
            refused.status.code(),
            Some(104),
            "{options:?}\n{}",
            text(&refused)
        );
        assert!(
            text(&refused).contains(words),
            "{options:?}\n{}",
            text(&refused)
        );
    }
    assert!(
        elsewhere.accept().is_err(),
        "somebody connected to a shop that is not ours"
    );
}

#[tokio::test]
async fn a_client_that_was_told_of_an_order_which_does_not_exist_unbalances_the_books() {
    let lab = observed().await;
    let out = folder("lost");
    load(&lab, &out, &["--duration", "2s"]);
    let file = out.join("history.jsonl");
    let audit = |file: &Path| lab.faultline(&["audit", "--history", file.to_str().unwrap()]);
    let balanced = audit(&file);
    assert_eq!(balanced.status.code(), Some(0), "{}", text(&balanced));
    let lost = r#"{"endpoint":"POST /orders","outcome":"ok","order_id":"01890000-0000-7000-8000-000000000000","order_status":"paid","idempotency_key":"k","trace_id":"t"}"#;
    fs::write(
        &file,
        format!("{}{lost}\n", fs::read_to_string(&file).unwrap()),
    )
    .unwrap();
    let unbalanced = audit(&file);
    assert_eq!(unbalanced.status.code(), Some(1));
    assert!(
        text(&unbalanced).contains("it does not exist"),
        "{}",
        text(&unbalanced)
    );
    fs::remove_dir_all(out).unwrap();
}

#[tokio::test]
async fn two_loads_are_compared() {
    let lab = observed().await;
    let (before, after) = (folder("before"), folder("after"));
    load(&lab, &before, &["--duration", "2s"]);
    load(&lab, &after, &["--duration", "2s"]);
    let compared = lab.json(&[
        "load",
        "compare",
        before.to_str().unwrap(),
        after.to_str().unwrap(),
        "--json",
    ]);
    let changes = compared["changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .any(|one| one["endpoint"] == "all" && one["figure"] == "p95")
    );
    assert!(
        changes.iter().all(|one| one["beyond_noise"].is_null()),
        "one run tells nothing of the noise"
    );
    let nothing = lab.faultline(&["load", "compare", "/nowhere", before.to_str().unwrap()]);
    assert_eq!(nothing.status.code(), Some(104), "{}", text(&nothing));
    for folder in [before, after] {
        fs::remove_dir_all(folder).unwrap();
    }
}
