//! What is built for a lab is what a lab runs.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use crate::sources;

#[test]
fn a_build_without_a_selection_makes_every_program_of_a_lab_and_no_other() {
    let metadata = metadata();
    let defaults: Vec<&Value> = list(&metadata["workspace_default_members"]).collect();
    let built: BTreeSet<&str> = list(&metadata["packages"])
        .filter(|package| defaults.contains(&&package["id"]))
        .flat_map(|package| list(&package["targets"]))
        .filter(|target| list(&target["kind"]).any(|kind| kind == "bin"))
        .filter_map(|target| target["name"].as_str())
        .collect();
    let runs = ["faultline"]
        .into_iter()
        .chain(faultline::lab::programs())
        .collect();
    assert_eq!(built, runs);
}

fn metadata() -> Value {
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(sources::root())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{metadata:?}");
    serde_json::from_slice(&metadata.stdout).unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}
