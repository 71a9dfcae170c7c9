//! Every alert has a runbook, every runbook an alert, and each answers the same four questions.

use std::collections::BTreeSet;

use crate::support::{alerts, files, kebab, read};

const SECTIONS: [&str; 4] = [
    "\n## What it means\n",
    "\n## How to confirm\n",
    "\n## What to do\n",
    "\n## How to provoke it\n",
];

#[test]
fn an_alert_links_to_its_runbook_and_says_how_urgent_it_is() {
    for alert in alerts() {
        let expected = format!("docs/runbooks/{}.md", kebab(&alert.name));
        assert_eq!(
            alert.annotations.get("runbook_url"),
            Some(&expected),
            "{}",
            alert.name
        );
        let severity = alert.labels.get("severity").map(String::as_str);
        assert!(
            matches!(severity, Some("page" | "ticket")),
            "{}: {severity:?}",
            alert.name
        );
        for annotation in ["summary", "description"] {
            let text = alert.annotations.get(annotation);
            assert!(
                text.is_some_and(|text| !text.is_empty()),
                "{}: {annotation}",
                alert.name
            );
        }
    }
}

#[test]
fn there_is_a_runbook_for_each_alert_and_no_other() {
    let alerts: BTreeSet<String> = alerts()
        .iter()
        .map(|alert| kebab(&alert.name) + ".md")
        .collect();
    let runbooks: BTreeSet<String> = files("docs/runbooks", ".md").into_iter().collect();
    assert_eq!(alerts, runbooks);
}

#[test]
fn a_runbook_has_its_alert_as_title_and_answers_the_four_questions() {
    for alert in alerts() {
        let text = read(&format!("docs/runbooks/{}.md", kebab(&alert.name)));
        assert!(
            text.starts_with(&format!("# {}\n", alert.name)),
            "{}",
            alert.name
        );
        let places: Vec<Option<usize>> =
            SECTIONS.iter().map(|section| text.find(section)).collect();
        assert!(
            places.iter().all(Option::is_some),
            "{}: {places:?}",
            alert.name
        );
        assert!(places.is_sorted(), "{}: {places:?}", alert.name);
    }
}
