//! Experiments with a verdict, made through the `faultline` command on a running shop; what is left when their runner is
//! killed; and Chaos Toolkit's own command on the same files.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use parts::python;
use serde_json::Value;

use crate::lab::{Lab, eventually, text};

/// Leases of a run last ten seconds; the machine may be busy.
const HEALED_WITHIN: Duration = Duration::from_secs(30);
/// Before a killed runner is missed, what it broke must still be broken.
const BROKEN_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn experiments_end_with_a_verdict_and_leave_nothing_behind() {
    let lab = tokio::task::spawn_blocking(|| Lab::start("experiments"))
        .await
        .unwrap();
    refused(&lab);
    held(&lab);
    dud(&lab);
    guarded(&lab);
    killed(&lab).await;
    chaos_toolkit(&lab);
    let audited = lab.faultline(&["audit", "--patience", "30"]);
    assert!(audited.status.success(), "{}", text(&audited));
    assert_eq!(lab.down(), Vec::<u64>::new());
}

/// One fault for some seconds, with what else the extension says.
fn experiment(lab: &Lab, name: &str, fault: &str, seconds: u32, extension: &str) -> PathBuf {
    let file = folder(lab).join(format!("{name}.yaml"));
    let text = format!(
        "title: {name}\ndescription: A test.\nmethod:\n  - type: action\n    name: it breaks\n    provider:\n      \
         type: process\n      path: faultline\n      arguments: {fault}\n    pauses: {{ after: {seconds} }}\n  - type: action\n    \
         name: it is mended\n    provider: {{ type: process, path: faultline, arguments: [chaos, stop] }}\n\
         extensions:\n  - name: faultline\n{extension}"
    );
    std::fs::write(&file, text).unwrap();
    file
}

fn folder(lab: &Lab) -> PathBuf {
    let folder = PathBuf::from(lab.env("FAULTLINE_HOME")).join("experiments");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Makes it; answers its exit code, its journal and what it said.
fn made(lab: &Lab, file: &Path) -> (Option<i32>, Value, String) {
    let report = file.with_extension("reports");
    let (file, folder) = (file.to_str().unwrap(), report.to_str().unwrap());
    let output = lab.faultline(&["chaos", "run", file, "--report", folder, "--json"]);
    let journal = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), journal, text(&output))
}

fn faults(lab: &Lab) -> usize {
    let faults = lab.json(&["chaos", "faults", "--json"]);
    faults["active"].as_array().unwrap().len()
}

/// Two rows of the kill table, one that the books see and one that a counter sees. The whole table takes minutes:
/// `faultline chaos oracle`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_protection_an_experiment_turns_red_through_the_check_that_is_meant() {
    // Only its folder is used: the oracle has a lab of its own, and takes it away.
    let lab = crate::lab::shared().await;
    let words = ["chaos", "oracle", "--json"];
    let only = ["--only", "orders-doubled", "--only", "retry-storm"];
    let output = lab.faultline(&[&words[..], &only[..]].concat());
    assert!(output.status.success(), "{}", text(&output));
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(table["complete"], true, "{table:#}");
    let cases = table["cases"].as_array().unwrap();
    let row = |case: &Value| {
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        (text("experiment"), text("protection"), text("verdict"))
    };
    let rows: Vec<_> = cases.iter().map(row).collect();
    let expected = [
        ("orders-doubled", "", "held"),
        ("retry-storm", "", "held"),
        ("orders-doubled", "order: idempotency", "deviated"),
        (
            "retry-storm",
            "gateway: gateway->product.retry_budget",
            "deviated",
        ),
    ];
    let expected = expected.map(|(one, two, three)| (one.into(), two.into(), three.into()));
    assert_eq!(rows, expected, "{table:#}");

    let unknown = lab.faultline(&["chaos", "oracle", "--only", "nothing"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", text(&unknown));
}

/// Words that make no sense are named with their line and what was probably meant; nothing happens.
fn refused(lab: &Lab) {
    let restarts = lab.process("order")["restarts"].clone();
    for (fault, says) in [
        (
            "[chaos, set, order->paymnt, down]",
            "did you mean order->payment?",
        ),
        (
            "[chaos, set, order->payment, latncy]",
            "did you mean latency?",
        ),
        (
            "[chaos, set, order->payment, latency, lateny=5]",
            "did you mean latency?",
        ),
        (
            "[chaos, set, order->payment, down, --lease, 2h]",
            "at most 1h",
        ),
        (
            "[chaos, set, order->payment, down, --toxicity, \"1.5\"]",
            "from 0 to 1",
        ),
        ("[kill, ordr]", "did you mean order?"),
        ("[pause, order]", "needs --lease"),
        (
            "[chaos, arm, order, order.saga.charge.before_cal]",
            "did you mean order.saga.charge.before_call?",
        ),
    ] {
        let file = experiment(lab, "refused", fault, 1, "");
        let (code, _, said) = made(lab, &file);
        assert_eq!(code, Some(2), "{fault}: {said}");
        assert!(
            said.contains("refused.yaml:9: ") && said.contains(says),
            "{fault}: {said}"
        );
    }
    assert_eq!(
        (faults(lab), &lab.process("order")["restarts"]),
        (0, &restarts)
    );
}

const CALM: &str = "    load: { rate: 3, before_s: 3, after_s: 3 }\n    customers:\n      before: { errors_percent_max: 5 }\n      \
                    during: { errors_percent_max: 20 }\n      after: { errors_percent_max: 5 }\n      recovery_s_max: 5\n";

/// Felt, counted, lifted, and nothing lost: held, with everything that a report shows.
fn held(lab: &Lab) {
    let fault = "[chaos, set, \"order->payment\", latency, latency=100, --lease, 30s]";
    let file = experiment(lab, "held", fault, 6, CALM);
    let (code, journal, said) = made(lab, &file);
    assert_eq!(code, Some(0), "{said}");
    let ours = &journal["x-faultline"];
    assert!(ours["hits"][0]["hits"].as_u64() > Some(0), "{ours:#}");
    let window = &ours["windows"][0];
    let length = window["until_s"].as_f64().unwrap() - window["from_s"].as_f64().unwrap();
    assert!(
        length > 4.0 && window["what"] == "latency on order->payment",
        "{window}"
    );
    assert!(
        ours["customers"]["during"]["requests"].as_u64() > Some(5),
        "{ours:#}"
    );
    assert_eq!(ours["books"]["balanced"], true, "{ours:#}");
    assert_eq!(
        (&journal["status"], &journal["deviated"]),
        (&"completed".into(), &false.into())
    );
    let page = std::fs::read_to_string(file.with_extension("reports").join("report.html")).unwrap();
    assert!(page.contains("held") && page.contains("class=\"band\""));
}

/// Nobody looks at notifications, so a fault on the way there proves nothing.
fn dud(lab: &Lab) {
    let fault = "[chaos, set, \"gateway->notification\", latency, latency=100, --lease, 30s]";
    let file = experiment(lab, "dud", fault, 2, CALM);
    let (code, _, said) = made(lab, &file);
    assert_eq!(code, Some(3), "{said}");
}

/// A blast that is larger than declared is ended and healed.
fn guarded(lab: &Lab) {
    let guard = format!("{CALM}    guard: {{ errors_percent_max: 10, over_s: 2 }}\n");
    let fault = "[chaos, set, \"gateway->order\", down, --lease, 60s]";
    let file = experiment(lab, "guarded", fault, 50, &guard);
    let since = Instant::now();
    let (code, journal, said) = made(lab, &file);
    assert_eq!(code, Some(6), "{said}");
    assert!(
        since.elapsed() < Duration::from_secs(50),
        "it was not ended early"
    );
    assert_eq!((&journal["status"], faults(lab)), (&"aborted".into(), 0));
}

/// The runner is killed in mid-experiment: proxy and supervisor heal by themselves.
async fn killed(lab: &Lab) {
    let fault = "[pause, notification, --lease, 5m]";
    let file = experiment(lab, "killed", fault, 300, "");
    let edge = "  - { type: action, name: another, provider: { type: process, path: faultline, \
                arguments: [chaos, set, \"order->payment\", latency, latency=50, --lease, 5m] } }\n";
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replacen("method:\n", &format!("method:\n{edge}"), 1),
    )
    .unwrap();
    let mut runner = lab
        .command(&["chaos", "run", file.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let broken = async || lab.process("notification")["state"] == "paused" && faults(lab) == 1;
    eventually("both faults are there", BROKEN_WITHIN, broken).await;
    // The run keeps them alive for longer than a lease…
    let since = Instant::now();
    eventually("a lease is over", HEALED_WITHIN, async || {
        since.elapsed() > Duration::from_secs(12)
    })
    .await;
    assert!(broken().await, "the heartbeat does not keep them");
    runner.kill().unwrap();
    runner.wait().unwrap();
    // …and nobody does afterwards.
    let healed = async || lab.process("notification")["state"] == "ready" && faults(lab) == 0;
    eventually("both have healed", HEALED_WITHIN, healed).await;
}

/// A file that is shipped, unchanged, under Chaos Toolkit's own command.
fn chaos_toolkit(lab: &Lab) {
    let chaos = python::install(&python::CHAOS_TOOLKIT, &mut |_| {}).unwrap();
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../chaos/experiments/payment-stripe-gone.yaml"
    );
    let test = std::env::current_exe().unwrap();
    let programs = test.parent().unwrap().parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let journal = folder(lab).join("chaos-toolkit.json");
    let run = std::process::Command::new(chaos)
        .args([
            "--no-version-check",
            "--log-file",
            "/dev/null",
            "run",
            "--journal-path",
        ])
        .arg(&journal)
        .arg(file)
        .current_dir(folder(lab))
        .envs(lab.variables())
        .env("PATH", path)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", text(&run));
    let journal: Value = serde_json::from_str(&std::fs::read_to_string(journal).unwrap()).unwrap();
    assert_eq!(
        (&journal["status"], &journal["deviated"]),
        (&"completed".into(), &false.into())
    );
    for step in journal["run"].as_array().unwrap() {
        assert_eq!(step["output"]["status"], 0, "{step:#}");
    }
}
