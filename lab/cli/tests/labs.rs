//! Whole labs: started, looked at, hurt, stopped.

use std::collections::HashSet;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use faultline::ports::Block;
use faultline::shop;
use serde_json::{Value, json};

use crate::support::{TestLab, call, eventually, faultline, is_alive};

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn a_lab_comes_up_is_looked_at_and_leaves_nothing() {
    let lab = TestLab::new();
    let up = lab.up();
    assert_eq!(up.code, 0, "{}", up.notes);
    assert!(up.notes.contains("The shop is open after"), "{}", up.notes);

    let status = lab.call(&["status", "--json"]);
    assert_eq!(status.code, 0);
    let status = status.json();
    assert_eq!(status["ready"], true);
    let processes = status["processes"].as_array().expect("a list");
    let names: Vec<&str> = processes
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "supervisor",
            "postgres",
            "redis",
            "broker",
            "chaos-proxy",
            "observatory",
            "gateway",
            "user",
            "product",
            "order",
            "payment",
            "notification",
            "inventory",
            "psp",
            "alertmanager",
            "prometheus"
        ]
    );
    let sum: u64 = processes
        .iter()
        .filter_map(|one| one["rss_bytes"].as_u64())
        .sum();
    assert_eq!(status["rss_total_bytes"], sum);
    let gateway = processes
        .iter()
        .find(|process| process["name"] == "gateway")
        .expect("it runs");
    let keys: HashSet<&String> = gateway.as_object().expect("an object").keys().collect();
    assert_eq!(keys.len(), 8, "{keys:?}");

    let again = lab.up();
    assert!(
        again.code == 0 && again.notes.contains("already up"),
        "{}",
        again.notes
    );
    let env = lab.call(&["env", "--json"]).json();
    assert_eq!(
        env["GATEWAY_URL"],
        format!("http://127.0.0.1:{}", gateway["port"])
    );
    let doctor = lab.call(&["doctor", "--json"]).json();
    let ports = doctor["checks"]
        .as_array()
        .and_then(|all| all.iter().find(|c| c["name"] == "ports"));
    assert_eq!(ports.expect("looked at")["ok"], true);
    assert!(
        lab.call(&["logs", "postgres"])
            .out
            .contains("ready to accept connections")
    );

    let pids = lab.pids();
    let down = lab.call(&["down"]);
    assert!(
        down.code == 0 && down.notes.contains("The lab is down"),
        "{}",
        down.notes
    );
    assert!(!pids.into_iter().any(is_alive));
    assert!(
        lab.state().join("secrets/root.key").exists(),
        "its data is kept"
    );
    assert_eq!(lab.call(&["down", "--wipe"]).code, 0);
    assert!(!lab.state().exists());
}

#[test]
fn a_killed_service_and_a_killed_database_come_back() {
    let lab = TestLab::new();
    let up = lab.up();
    assert_eq!(up.code, 0, "{}", up.notes);
    for name in ["order", "postgres"] {
        assert_eq!(lab.call(&["kill", name]).code, 0);
        eventually(&format!("{name} is back"), LIMIT, || {
            let process = lab.process(name);
            process["state"] == "ready" && process["restarts"].as_u64() >= Some(1)
        });
    }
    assert_eq!(lab.call(&["pause", "payment"]).code, 0);
    assert_eq!(lab.process("payment")["state"], "paused");
    assert_eq!(lab.call(&["status"]).code, 1);
    assert_eq!(lab.call(&["resume", "payment"]).code, 0);
    eventually("payment goes on", LIMIT, || {
        lab.process("payment")["state"] == "ready"
    });
    let unknown = lab.call(&["kill", "ordr"]);
    assert!(
        unknown.code == 2 && unknown.notes.contains("gateway"),
        "{}",
        unknown.notes
    );
}

#[test]
fn two_labs_run_side_by_side_and_share_no_port() {
    let labs = [TestLab::new(), TestLab::new()];
    thread::scope(|scope| {
        for lab in &labs {
            scope.spawn(move || assert_eq!(lab.up().code, 0));
        }
    });
    let ports = |lab: &TestLab| -> HashSet<u64> {
        let status = lab.call(&["status", "--json"]).json();
        let processes = status["processes"].as_array().expect("a list").clone();
        let both = |one: &Value| [one["port"].as_u64(), one["admin_port"].as_u64()];
        processes.iter().flat_map(both).flatten().collect()
    };
    let [first, second] = [ports(&labs[0]), ports(&labs[1])];
    // Two for each service and for the observatory, one for each of the other processes.
    assert_eq!(first.len(), 7 + 2 * (shop::SERVICES.len() + 1));
    assert!(first.is_disjoint(&second), "{first:?} {second:?}");
}

#[test]
fn a_service_that_cannot_start_is_named_with_its_last_words_and_nothing_stays() {
    let lab = TestLab::new();
    lab.replace(
        "order",
        "echo 'DATABASE_URL has the wrong colour' >&2; exit 3",
    );
    let up = lab.up();
    assert_eq!(up.code, 1);
    for words in [
        "order did not become ready",
        "exit status: 3",
        "has the wrong colour",
    ] {
        assert!(
            up.notes.contains(words),
            "{words} is missing in\n{}",
            up.notes
        );
    }
    assert_eq!(lab.call(&["status"]).code, 1);
    let runs = lab.state().join("run");
    let pid_files = std::fs::read_dir(runs).expect("it is there").flatten();
    assert_eq!(
        pid_files
            .filter(|file| file.path().extension() == Some("pid".as_ref()))
            .count(),
        0
    );
}

#[test]
fn a_taken_port_is_reported_with_its_holder() {
    let lab = TestLab::new();
    let block = Block::find(None).expect("a free block");
    let gateway = block
        .ports
        .service(shop::service("gateway").expect("there is one"));
    let _holder = TcpListener::bind(("127.0.0.1", gateway)).expect("it was free");
    let base = block.ports.base().to_string();
    let up = lab.call(&["--base-port", &base, "up", "--detach"]);
    assert_eq!(up.code, 1);
    let own = format!("(process {})", std::process::id());
    assert!(
        up.notes.contains(&format!("{gateway} for gateway: ")),
        "{}",
        up.notes
    );
    assert!(up.notes.contains(&own), "{}", up.notes);
}

#[test]
fn what_a_killed_lab_leaves_is_swept() {
    let lab = TestLab::new();
    let up = lab.up();
    assert_eq!(up.code, 0, "{}", up.notes);
    let pids = lab.pids();
    let supervisor = lab.process("supervisor")["pid"].to_string();
    let killed = std::process::Command::new("kill")
        .args(["-KILL", &supervisor])
        .status();
    assert!(killed.expect("kill runs").success());
    eventually("the lab is gone", LIMIT, || {
        lab.call(&["status"]).out.contains("No lab is running")
    });
    let down = lab.call(&["down"]);
    assert!(
        down.code == 0 && down.notes.contains("killed a leftover"),
        "{}",
        down.notes
    );
    assert!(!pids.into_iter().any(is_alive));
}

#[test]
fn a_command_gets_parts_of_its_own_and_its_exit_code_passes_through() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().display().to_string();
    let script =
        "printf '{\"db\":\"%s\",\"labs\":\"%s\"}' $TEST_DATABASE_URL $TEST_LABS_DIR; exit 7";
    let answer = call(faultline(&[
        "--home",
        &home,
        "with-parts",
        "--",
        "sh",
        "-c",
        script,
    ]));
    assert_eq!(answer.code, 7, "{}", answer.notes);
    assert!(
        answer.json()["db"]
            .as_str()
            .is_some_and(|url| url.starts_with("postgres://"))
    );
    let labs = answer.json()["labs"].as_str().expect("set").to_owned();
    assert!(
        !std::path::Path::new(&labs).exists(),
        "the tests' folder stays"
    );
    assert_eq!(lab_count(&home), json!(0));
}

fn lab_count(home: &str) -> Value {
    let runs = walk(std::path::Path::new(home));
    json!(
        runs.iter()
            .filter(|path| path.extension() == Some("pid".as_ref()))
            .count()
    )
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        found.push(entry.path());
        found.extend(walk(&entry.path()));
    }
    found
}
