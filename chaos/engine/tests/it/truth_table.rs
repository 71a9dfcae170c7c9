//! The cases in which Chaos Toolkit 1.45 ends with 0 although something went wrong (measured with its own command), and what
//! this engine says of the same files.

use engine::Verdict;
use engine::verdict::{self, Findings};

use crate::support::run;

const OK: &str = "path: \"true\"";
const BAD: &str = "path: \"false\"";
const CANNOT: &str = "path: /does/not/exist";

/// A step as a line of YAML.
fn step(kind: &str, name: &str, process: &str, more: &str) -> String {
    format!("{{ type: {kind}, name: {name}, provider: {{ type: process, {process} }}{more} }}")
}

fn probe(process: &str) -> String {
    step("probe", "look", process, ", tolerance: 0")
}

fn action(process: &str) -> String {
    step("action", "break", process, "")
}

/// An experiment with one probe and one step.
fn experiment(probe: &str, method: &str, rollback: &str, looks: &str) -> String {
    format!(
        "title: t\ndescription: d\nruntime: {{ hypothesis: {{ strategy: {looks} }} }}\n\
         steady-state-hypothesis:\n  title: h\n  probes:\n    - {probe}\n\
         method:\n  - {method}\nrollbacks:\n  - {rollback}\n"
    )
}

/// A command that does one thing at first and another one later.
fn at_first(folder: &std::path::Path, name: &str, first: &str, later: &str) -> String {
    let mark = folder.join(name);
    let mark = mark.display();
    format!(
        "path: sh, arguments: [-c, \"if [ -e {mark} ]; then {later}; else touch {mark}; {first}; fi\"]"
    )
}

#[tokio::test]
async fn what_chaos_toolkit_lets_pass_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let later = |name, first, later| at_first(folder.path(), name, first, later);
    let slow = "path: sleep, arguments: [\"2.5\"]";
    let bad_in_the_middle = later("middle", "exit 0", "test -e /dev/null/x");
    let background = step("action", "break", CANNOT, ", background: true");
    let exits_3 = action("path: sh, arguments: [-c, \"exit 3\"]");
    let undo = action(OK);
    let cases = [
        (
            "all is well",
            experiment(&probe(OK), &action(OK), &undo, "default"),
            Verdict::Held,
            0,
        ),
        (
            "not steady before",
            experiment(&probe(BAD), &action(OK), &undo, "default"),
            Verdict::Inconclusive,
            0,
        ),
        (
            "blind before",
            experiment(&probe(CANNOT), &action(OK), &undo, "default"),
            Verdict::Inconclusive,
            1,
        ),
        (
            "not steady afterwards",
            experiment(
                &probe(&later("after", "exit 0", "exit 1")),
                &action(OK),
                &undo,
                "default",
            ),
            Verdict::Deviated,
            1,
        ),
        (
            "blind afterwards",
            experiment(&probe(CANNOT), &action(OK), &undo, "after-method-only"),
            Verdict::Deviated,
            1,
        ),
        (
            "an action fails",
            experiment(&probe(OK), &action(CANNOT), &undo, "default"),
            Verdict::NotInjected,
            0,
        ),
        (
            "an action's process says no",
            experiment(&probe(OK), &exits_3, &undo, "default"),
            Verdict::NotInjected,
            0,
        ),
        (
            "an action in the background fails",
            experiment(&probe(OK), &background, &undo, "default"),
            Verdict::NotInjected,
            0,
        ),
        (
            "a rollback fails",
            experiment(&probe(OK), &action(OK), &action(CANNOT), "default"),
            Verdict::NotHealed,
            0,
        ),
        (
            "bad all the time meanwhile",
            experiment(&probe(BAD), &action(slow), &undo, "during-method-only"),
            Verdict::Deviated,
            0,
        ),
        (
            "bad in the middle, well in the end",
            experiment(
                &probe(&bad_in_the_middle),
                &action(slow),
                &undo,
                "during-method-only",
            ),
            Verdict::Deviated,
            0,
        ),
    ];
    for (what, text, expected, compat) in cases {
        let (run, journal, _) = run(&text).await;
        let (verdict, reasons) = verdict::of(&run.facts, &Findings::default());
        assert_eq!(verdict, expected, "{what}: {reasons:?}");
        assert_eq!(
            verdict::compat_exit_code(&run.facts),
            compat,
            "{what}: {journal:#}"
        );
        assert_eq!(
            run.rollbacks.len(),
            1,
            "{what}: rollbacks are run whatever happened"
        );
        assert_eq!(reasons.is_empty(), verdict == Verdict::Held, "{what}");
    }
}

#[tokio::test]
async fn the_journal_has_chaos_toolkits_keys() {
    let text = experiment(&probe(OK), &action(OK), &action(OK), "default");
    let (_, journal, _) = run(&text).await;
    for key in [
        "chaoslib-version",
        "platform",
        "node",
        "experiment",
        "start",
        "status",
        "deviated",
        "steady_states",
        "run",
        "rollbacks",
        "end",
        "duration",
    ] {
        assert!(journal.get(key).is_some(), "{key} is missing");
    }
    assert_eq!(journal["status"], "completed");
    assert_eq!(journal["steady_states"]["before"]["steady_state_met"], true);
    assert_eq!(
        journal["steady_states"]["after"]["probes"][0]["tolerance_met"],
        true
    );
    let ran = &journal["run"][0];
    for key in ["activity", "output", "start", "status", "end", "duration"] {
        assert!(ran.get(key).is_some(), "{key} is missing in {ran}");
    }
    assert!(ran["start"].as_str().unwrap().ends_with("+00:00"), "{ran}");
}
