//! Help, wrong usage, and the commands that need no running lab.

use std::fs;

use crate::support::{call, faultline};

#[test]
fn the_help_names_every_command_and_teaches_by_example() {
    let answer = call(faultline(&["--help"]));
    assert_eq!(answer.code, 0);
    for word in [
        "up",
        "down",
        "status",
        "logs",
        "kill",
        "doctor",
        "setup",
        "chaos",
        "mails",
        "Examples:",
    ] {
        assert!(
            answer.out.contains(word),
            "{word} is missing in\n{}",
            answer.out
        );
    }
}

#[test]
fn the_help_of_status_says_how_memory_is_counted() {
    let answer = call(faultline(&["status", "--help"]));
    assert!(
        answer.out.contains("proportional set size"),
        "{}",
        answer.out
    );
}

#[test]
fn an_unknown_command_or_option_is_exit_code_2_with_a_hint() {
    let answer = call(faultline(&["stauts"]));
    assert_eq!(answer.code, 2);
    assert!(
        answer.notes.contains("status"),
        "no hint in\n{}",
        answer.notes
    );
    assert_eq!(call(faultline(&["up", "--no-such-option"])).code, 2);
    assert_eq!(call(faultline(&["--base-port", "80", "status"])).code, 2);
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let answer = call(faultline(&["completions", shell]));
        assert!(
            answer.code == 0 && answer.out.contains("faultline"),
            "{shell}"
        );
    }
}

#[test]
fn the_lab_is_found_from_any_folder_of_the_repository() {
    let repo = tempfile::tempdir().expect("a folder");
    let root = repo.path().canonicalize().expect("it is there");
    let deep = root.join("services/order/src");
    fs::create_dir_all(&deep).expect("made");
    fs::create_dir_all(root.join("lab/cli")).expect("made");
    fs::write(root.join("lab/cli/Cargo.toml"), "").expect("written");
    let mut command = faultline(&["status"]);
    command.current_dir(&deep);
    let answer = call(command);
    assert_eq!(answer.code, 1, "no lab runs there");
    assert!(
        answer
            .out
            .contains(&root.join(".faultline").display().to_string()),
        "{}",
        answer.out
    );
}

#[test]
fn outside_of_a_repository_the_error_says_what_to_do() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = faultline(&["status"]);
    command.current_dir(elsewhere.path());
    let answer = call(command);
    assert_eq!(answer.code, 2);
    assert!(answer.notes.contains("--home DIR"), "{}", answer.notes);
}

#[test]
fn without_a_lab_status_is_no_and_acting_could_not_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("lab").display().to_string();
    let status = call(faultline(&["--home", &home, "status", "--json"]));
    assert_eq!(status.code, 1);
    assert_eq!(
        status.json(),
        serde_json::json!({"ready": false, "rss_total_bytes": 0, "processes": []})
    );
    let kill = call(faultline(&["--home", &home, "kill", "order"]));
    assert_eq!(kill.code, 2);
    assert!(kill.notes.contains("faultline up"), "{}", kill.notes);
    assert_eq!(call(faultline(&["--home", &home, "down"])).code, 0);
    assert!(
        !folder.path().join("lab").exists(),
        "looking has left something behind"
    );
}

#[test]
fn the_doctor_speaks_json_and_names_a_mend_for_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().display().to_string();
    let bins = folder.path().join("bin").display().to_string();
    let answer = call(faultline(&[
        "--home",
        &home,
        "--bin-dir",
        &bins,
        "doctor",
        "--json",
    ]));
    let report = answer.json();
    assert_eq!((answer.code, &report["ok"]), (1, &serde_json::json!(false)));
    let checks = report["checks"].as_array().expect("a list");
    let services = checks
        .iter()
        .find(|check| check["name"] == "services")
        .expect("looked at");
    assert_eq!(services["ok"], false);
    assert!(
        services["mend"]
            .as_str()
            .is_some_and(|mend| mend.contains("faultline setup"))
    );
}

#[test]
fn output_to_a_pipe_has_no_colour() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().display().to_string();
    let answer = call(faultline(&["--home", &home, "--bin-dir", &home, "doctor"]));
    assert!(!answer.out.contains('\x1b'), "{}", answer.out);
}

#[test]
fn a_comparison_of_gateways_that_makes_no_sense_is_refused_before_anything_is_looked_for() {
    for wish in [
        ["--duration", "0s"],
        ["--duration", "soon"],
        ["--duration", "1h"],
        ["--rounds", "0"],
        ["--connections", "5000"],
        ["--express-processes", "0"],
    ] {
        let answer = call(faultline(&[&["load", "gateway"], &wish[..]].concat()));
        assert_eq!(answer.code, 104, "{wish:?}: {}", answer.notes);
        assert!(answer.notes.contains(wish[0]), "{}", answer.notes);
    }
}
