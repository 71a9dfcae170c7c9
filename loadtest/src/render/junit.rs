//! JUnit XML: each condition of each run is a test case, and so is each check of the books, so that a CI shows them as it
//! shows tests.

use std::fmt::Write as _;

use super::escaped;
use crate::document::Document;

/// A test case: its name, and why it failed or was left out.
struct Case {
    class: String,
    name: String,
    failure: Option<String>,
    skipped: bool,
}

pub(super) fn text(document: &Document) -> String {
    let cases = cases(document);
    let failures = cases.iter().filter(|case| case.failure.is_some()).count();
    let skipped = cases.iter().filter(|case| case.skipped).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"faultline load\" \
         tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\" errors=\"0\">\n",
        cases.len()
    );
    for case in &cases {
        let (class, name) = (escaped(&case.class), escaped(&case.name));
        let _ = write!(text, "<testcase classname=\"{class}\" name=\"{name}\">");
        if let Some(failure) = &case.failure {
            let _ = write!(text, "<failure message=\"{}\"/>", escaped(failure));
        } else if case.skipped {
            text.push_str("<skipped message=\"nothing was measured\"/>");
        }
        text.push_str("</testcase>\n");
    }
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}

fn cases(document: &Document) -> Vec<Case> {
    let mut cases = Vec::new();
    // The runs of a search are not asked to hold; the search itself is asked to find something.
    for run in document.runs.iter().filter(|_| document.knee.is_none()) {
        for one in &run.thresholds {
            let observed = one.observed.as_deref().unwrap_or("nothing was measured");
            cases.push(Case {
                class: run.profile.clone(),
                name: one.threshold.clone(),
                failure: (one.ok == Some(false)).then(|| observed.to_owned()),
                skipped: one.ok.is_none(),
            });
        }
    }
    if let Some(curve) = &document.knee {
        cases.push(Case {
            class: "knee".to_owned(),
            name: "a rate that holds is found".to_owned(),
            failure: curve.knee.is_none().then(|| "none held".to_owned()),
            skipped: false,
        });
    }
    for (name, ok, detail) in document.books.iter().flat_map(|books| &books.checks) {
        cases.push(Case {
            class: "books".to_owned(),
            name: name.clone(),
            failure: (!ok).then(|| detail.clone()),
            skipped: false,
        });
    }
    cases
}
