//! A trace as a story: one line a span, indented below what it is part of, so that a test can say in full what must have
//! happened and a reader can read it.
//!
//! Times, ids, and how often a statement was sent are not part of it: how many rows a step touches, or whether a batch
//! was split, is the service's own affair. Which statements a step made is.

use std::collections::{BTreeSet, HashSet};

use crate::observatory::Span;

/// What sqlx asks about a type of the database's own when a connection meets it for the first time.
const TYPE_LOOKUP: &str = "SELECT";

/// Tells a trace. What no span that is here leads to stands at the top, after the root.
pub(crate) fn tell(spans: &[Span]) -> String {
    let ids: HashSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let tops = spans
        .iter()
        .filter(|span| !ids.contains(span.parent.as_str()));
    let mut story = Vec::new();
    chapter(spans, tops.collect(), 0, &mut story);
    story.join("\n")
}

/// Spans beside each other: statements, then calls and steps as they came, then messages, whose order is chance.
fn chapter(all: &[Span], mut beside: Vec<&Span>, depth: usize, story: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let mut statements: BTreeSet<(&str, &str)> = beside
        .iter()
        .filter(|span| span.is_statement() && span.name != TYPE_LOOKUP)
        .map(|span| (span.service.as_str(), span.name.as_str()))
        .collect();
    // Events that have gathered share a commit, which is shown with the first of them: here or in another's story.
    if statements.iter().any(|(_, name)| *name == "INSERT inbox") {
        statements.retain(|(_, name)| *name != "COMMIT");
    }
    if let Some((service, _)) = statements.first() {
        let names: Vec<&str> = statements.iter().map(|(_, name)| *name).collect();
        story.push(format!("{indent}{service} SQL {}", names.join(", ")));
    }
    beside.retain(|span| !span.is_statement());
    beside.sort_by_key(|span| match span.kind {
        "PRODUCER" | "CONSUMER" => (1, 0, line(span)),
        _ => (0, span.start, String::new()),
    });
    // A message that comes twice, as messages may, is told once.
    beside.dedup_by(|a, b| a.kind == "CONSUMER" && line(a) == line(b));
    for span in beside {
        story.push(format!("{indent}{}", line(span)));
        let part_of_it = all.iter().filter(|other| other.parent == span.id);
        chapter(all, part_of_it.collect(), depth + 1, story);
    }
}

/// Who, as what, did what, and what came of it.
fn line(span: &Span) -> String {
    let mut line = format!("{} {} {}", span.service, span.kind, span.name);
    for (before, name) in [
        (" ", "faultline.edge"),
        (" ", "cloudevents.event_type"),
        (": ", "saga.outcome"),
    ] {
        if let Some(text) = span.text(name) {
            line = format!("{line}{before}{text}");
        }
    }
    match (
        span.integer("http.response.status_code"),
        span.text("error.type"),
    ) {
        (Some(status), _) => line = format!("{line}: {status}"),
        (None, Some(error)) => line = format!("{line}: {error}"),
        (None, None) => {}
    }
    if span.failed {
        line.push_str(" FAILED");
    }
    line
}
