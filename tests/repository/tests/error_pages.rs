//! docs/errors/: a page for every code that a service can answer, a code for every page, and nothing on a page that the
//! code does not say.

use std::collections::{BTreeMap, BTreeSet};

use chassis::problem::Document;
use http::StatusCode;

use crate::{
    problems::{Facts, catalogue},
    sources,
};

const FOLDER: &str = "docs/errors";
const INDEX: &str = "README.md";

/// What a page says.
struct Page {
    title: String,
    status: String,
    answered_by: String,
    retryable: String,
    example: Document,
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let codes: BTreeSet<String> = catalogue().into_keys().collect();
    assert_eq!(
        page_names(),
        codes,
        "pages in {FOLDER} (left), codes (right)"
    );
}

#[test]
fn every_page_says_what_the_code_says() {
    for (code, facts) in catalogue() {
        let page = page(&code);
        assert_eq!(page.title, code);
        assert_eq!(page.status, status_line(&code, &facts), "{code}: status");
        assert_eq!(
            page.retryable,
            retryable(&code, &facts),
            "{code}: retryable"
        );
        // What the chassis answers, every service can answer.
        for service in facts.answered_by.iter().filter(|name| *name != "chassis") {
            let named = page.answered_by.contains(service.as_str());
            let all = page.answered_by.starts_with("every service");
            assert!(named || all, "{code}: {service} answers it as well");
        }
    }
}

#[test]
fn every_example_is_an_answer_that_the_code_gives() {
    for (code, facts) in catalogue() {
        let Page {
            answered_by,
            example,
            ..
        } = page(&code);
        assert_eq!(example.code, code);
        assert_eq!(example.kind, format!("urn:faultline:problem:{code}"));
        assert!(facts.statuses.contains(&example.status), "{code}: status");
        assert_eq!(example.title, reason(example.status), "{code}: title");
        assert!(facts.retryable.contains(&example.retryable), "{code}");
        // The admin port stands outside of the layers that give a request its ids.
        let ids = !answered_by.contains("admin port");
        assert_eq!(!example.request_id.is_empty(), ids, "{code}: request_id");
        // A text that is put together while the program runs can only be compared by eye.
        let known = facts.details.contains(&Some(example.detail.clone()));
        assert!(
            known || facts.details.contains(&None),
            "{code}: {:?} is none of {:?}",
            example.detail,
            facts.details
        );
    }
}

#[test]
fn the_index_lists_every_page_once_below_its_status() {
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (code, facts) in catalogue() {
        let status = status_line(&code, &facts);
        expected.entry(status).or_default().push(code);
    }
    assert_eq!(listed(), expected);
}

fn page_names() -> BTreeSet<String> {
    sources::entries(FOLDER)
        .iter()
        .filter(|path| path.file_name().unwrap() != INDEX)
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

fn page(code: &str) -> Page {
    let text = sources::read(format!("{FOLDER}/{code}.md"));
    let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
    let row = text.lines().filter(|line| line.starts_with('|')).nth(2);
    let cells: Vec<&str> = row.unwrap_or_default().split('|').map(str::trim).collect();
    let [_, status, answered_by, retryable, _] = cells[..] else {
        panic!("{code}: the third line of the table is `| status | answered by | retryable |`");
    };
    let example = between(&text, "```json\n", "```");
    Page {
        title: title.unwrap_or_default().to_owned(),
        status: status.to_owned(),
        answered_by: answered_by.to_owned(),
        retryable: retryable.to_owned(),
        example: serde_json::from_str(example).unwrap_or_else(|error| panic!("{code}: {error}")),
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start)
        .and_then(|(_, rest)| rest.split_once(end))
        .map_or("", |(inside, _)| inside)
}

/// `409 Conflict`; one code has one status, or clients could not rely on it.
fn status_line(code: &str, facts: &Facts) -> String {
    let [status] = facts.statuses.iter().copied().collect::<Vec<_>>()[..] else {
        panic!(
            "{code} is answered with several statuses: {:?}",
            facts.statuses
        );
    };
    format!("{status} {}", reason(status))
}

fn reason(status: u16) -> String {
    let status = StatusCode::from_u16(status).unwrap();
    status.canonical_reason().unwrap_or_default().to_owned()
}

fn retryable(code: &str, facts: &Facts) -> String {
    let [retryable] = facts.retryable.iter().copied().collect::<Vec<_>>()[..] else {
        panic!("{code} is retryable in one place and not in another");
    };
    if retryable { "yes" } else { "no" }.to_owned()
}

/// The links of the index below each `## status`.
fn listed() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut heading = String::new();
    for line in sources::read(format!("{FOLDER}/{INDEX}")).lines() {
        if let Some(status) = line.strip_prefix("## ") {
            heading = status.to_owned();
        } else if let Some(rest) = line.strip_prefix("- [") {
            let code = rest.split(']').next().unwrap_or_default();
            assert!(rest.contains(&format!("]({code}.md)")), "{line}");
            found
                .entry(heading.clone())
                .or_default()
                .push(code.to_owned());
        }
    }
    found
}
