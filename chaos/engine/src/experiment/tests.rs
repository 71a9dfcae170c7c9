use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::shipped::SHIPPED;

const SMALL: &str = "\
title: t
description: d
configuration:
  url: { type: env, key: GATEWAY_URL }
steady-state-hypothesis:
  title: it holds
  probes:
    - { type: probe, name: look, tolerance: 200, provider: { type: http, url: \"${url}/health\" } }
method:
  - { type: action, name: break, provider: { type: process, path: faultline, arguments: [kill, order] }, pauses: { after: 5 } }
  - { ref: look, }
rollbacks: []
extensions:
  - { name: somebody-else, anything: 1 }
  - { name: faultline, load: { rate: 5 }, guard: { errors_percent_max: 50 } }
";

fn mistakes(text: &str) -> Vec<(usize, String)> {
    let invalid = Experiment::parse("x.yaml", text).expect_err("it is wrong");
    let mistakes = invalid.mistakes.into_iter();
    mistakes.map(|one| (one.line, one.text)).collect()
}

#[test]
fn an_experiment_is_read_with_what_it_refers_to() {
    let one = Experiment::parse("x.yaml", SMALL).unwrap();
    assert_eq!(
        (one.method.len(), one.looks, one.undo),
        (2, Looks::BeforeAndAfter, Undo::Always)
    );
    assert_eq!(one.method[1].name, "look");
    assert_eq!(one.method[0].pause_after, Some(json!(5)));
    assert_eq!(one.method[0].line, 10);
    let extension = one.extension.unwrap();
    assert_eq!(extension.load.unwrap().rate, 5.0);
    assert_eq!(extension.guard.unwrap().over_s, 5.0);
    assert!(extension.books);
}

#[test]
fn json_is_read_as_well() {
    let text = r#"{"title": "t", "description": "d", "method": [],
        "runtime": {"hypothesis": {"strategy": "continuously"}, "rollbacks": {"strategy": "never"}}}"#;
    let one = Experiment::parse("x.json", text).unwrap();
    assert_eq!((one.looks, one.undo), (Looks::Continuously, Undo::Never));
}

#[test]
fn every_mistake_is_named_with_its_line_and_the_nearest_that_is_valid() {
    for (from, to, line, says) in [
        (
            "rollbacks: []",
            "rolbacks: []",
            12,
            "did you mean rollbacks?",
        ),
        ("type: probe,", "type: prob,", 8, "did you mean probe?"),
        ("type: http,", "type: htpp,", 8, "did you mean http?"),
        ("type: http,", "type: python,", 8, "Chaos Toolkit only"),
        ("tolerance: 200, ", "", 8, "needs a tolerance"),
        ("tolerance: 200", "tolerance: 1.5", 8, "go into a range"),
        (
            "tolerance: 200",
            "tolerance: { type: regx, pattern: a }",
            8,
            "did you mean regex?",
        ),
        (
            "tolerance: 200",
            "tolerance: { type: regex, pattern: \"(\" }",
            8,
            "is no pattern",
        ),
        (
            "tolerance: 200",
            "tolerance: { type: jsonpath, path: \"$[\" }",
            8,
            "is no JSONPath",
        ),
        (
            "tolerance: 200",
            "tolerance: { type: range, range: [2, 1] }",
            8,
            "range is empty",
        ),
        (
            "pauses: { after: 5 }",
            "pauses: { aftr: 5 }",
            10,
            "did you mean after?",
        ),
        (
            "pauses: { after: 5 }",
            "pauses: { after: soon }",
            10,
            "number of seconds",
        ),
        ("ref: look", "ref: lok", 11, "did you mean look?"),
        ("rate: 5", "rate: 0", 15, "rate must be from 0.1 to 1000"),
        (
            "errors_percent_max: 50",
            "errors_percent_max: 101",
            15,
            "from 0 to 100, not 101",
        ),
        (
            "errors_percent_max: 50",
            "errors_percent_mx: 50",
            15,
            "did you mean errors_percent_max?",
        ),
        ("title: t\n", "", 1, "title is missing"),
        ("type: env", "type: vault", 4, "Chaos Toolkit only"),
    ] {
        let text = SMALL.replacen(from, to, 1);
        assert_ne!(text, SMALL, "{from}");
        let found = mistakes(&text);
        assert!(
            found
                .iter()
                .any(|(at, text)| *at == line && text.contains(says)),
            "{from} → {to}: {found:?}"
        );
    }
}

#[test]
fn all_mistakes_are_shown_at_once() {
    let text = SMALL
        .replace("title: t", "titel: t")
        .replace("rate: 5", "rate: fast");
    assert_eq!(mistakes(&text).len(), 3, "{:?}", mistakes(&text));
}

#[test]
fn every_experiment_that_is_shipped_can_be_read_and_heals_itself() {
    for (name, text) in SHIPPED {
        let one = Experiment::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
        let extension = one.extension.unwrap_or_else(|| panic!("{name}: no bounds"));
        assert!(
            extension.load.is_some() && extension.guard.is_some() && extension.books,
            "{name}"
        );
        assert!(
            one.hypothesis.is_some_and(|one| !one.probes.is_empty()),
            "{name}"
        );
        assert!(
            !one.method.is_empty() && !one.rollbacks.is_empty(),
            "{name}"
        );
    }
}

#[test]
fn every_file_of_the_folder_is_shipped() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../experiments");
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".yaml")?.to_owned()))
        .collect();
    let mut shipped: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
    names.sort();
    shipped.sort_unstable();
    assert_eq!(names, shipped);
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_or_refused(text in "[a-z:\\[\\]{},\"'&*!|>#\\- \n\\$]{0,200}") {
        let _ = Experiment::parse("x", &text);
    }

    /// A file with something cut out of it is valid or has mistakes within its lines.
    #[test]
    fn a_damaged_file_is_refused_with_a_line_of_it(from in 0_usize..700, length in 0_usize..60) {
        let from = SMALL.floor_char_boundary(from.min(SMALL.len()));
        let until = SMALL.floor_char_boundary((from + length).min(SMALL.len()));
        let damaged = format!("{}{}", &SMALL[..from], &SMALL[until..]);
        if let Err(invalid) = Experiment::parse("x", &damaged) {
            prop_assert!(!invalid.mistakes.is_empty());
            for mistake in invalid.mistakes {
                prop_assert!((1..=damaged.lines().count() + 1).contains(&mistake.line), "{mistake:?}");
            }
        }
    }
}
