//! `faultline slo generate`: the repository's own files, and what happens to a repository whose files are wrong.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Answer, call, faultline};

const SPEC: &str = "alerts/slo.yaml";
const RULES: &str = "alerts/rules/slo-lab.yml";

fn generate(repo: &Path, check: bool) -> Answer {
    let mut command = faultline(&["slo", "generate"]);
    command.args(check.then_some("--check")).current_dir(repo);
    call(command)
}

fn this_repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder that looks like a repository, with the objectives of this one.
fn repository(change: impl Fn(String) -> String) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("alerts/rules")).expect("made");
    fs::create_dir_all(path("lab/cli")).expect("made");
    fs::write(path("lab/cli/Cargo.toml"), "").expect("written");
    let spec = fs::read_to_string(this_repository().join(SPEC)).expect("it is there");
    fs::write(path(SPEC), change(spec)).expect("written");
    folder
}

#[test]
fn the_rules_of_this_repository_are_up_to_date() {
    let check = generate(&this_repository(), true);
    assert_eq!(check.code, 0, "{}", check.out);
}

#[test]
fn a_difference_is_found_by_check_and_ended_by_generate() {
    let repo = repository(|spec| spec.replace("objective: 99.9\n", "objective: 99.5\n"));
    let check = generate(repo.path(), true);
    assert_eq!(check.code, 1);
    assert!(
        check.out.contains("run `faultline slo generate`"),
        "{}",
        check.out
    );
    assert!(!repo.path().join(RULES).exists(), "a check writes nothing");
    assert_eq!(generate(repo.path(), false).code, 0);
    assert_eq!(generate(repo.path(), true).code, 0);
    let rules = fs::read_to_string(repo.path().join(RULES)).expect("written");
    assert!(rules.contains("vector(0.995)"), "{rules}");
}

#[test]
fn objectives_that_make_no_sense_are_refused_with_a_reason() {
    let repo = repository(|spec| spec.replace("objective: 99.9\n", "objective: 100\n"));
    let answer = generate(repo.path(), false);
    assert_eq!(answer.code, 2);
    assert!(answer.notes.contains("no error budget"), "{}", answer.notes);
    assert!(!repo.path().join(RULES).exists());
}
