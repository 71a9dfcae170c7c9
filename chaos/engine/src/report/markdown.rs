//! The report as Markdown, for documents and pull requests.

use std::fmt::Write as _;

use super::Report;
use crate::customers::Part;

pub(super) fn text(report: &Report) -> String {
    let mut text = format!(
        "# {}: {}\n\n{}\n\n",
        report.title,
        report.verdict.word(),
        report.description.trim()
    );
    for reason in &report.reasons {
        let _ = writeln!(text, "- {reason}");
    }
    if let Some(parts) = &report.customers {
        text.push_str(
            "\n| customers | seconds | requests | wrong | p95 |\n|---|---|---|---|---|\n",
        );
        for (when, part) in [
            ("before", parts.before),
            ("during", parts.during),
            ("after", parts.after),
        ] {
            text.push_str(&row(when, part));
        }
        let _ = writeln!(
            text,
            "\nLast wrong answer {:.1} s after the last fault.",
            parts.recovery_s
        );
    }
    text.push_str("\n| fault | hits |\n|---|---|\n");
    for hit in &report.hits {
        let _ = writeln!(text, "| {} | {} |", hit.fault, hit.hits);
    }
    text.push_str("\n| broken | from | to |\n|---|---|---|\n");
    for window in &report.windows {
        let _ = writeln!(
            text,
            "| {} | {:.1} s | {:.1} s |",
            window.what, window.from_s, window.until_s
        );
    }
    if let Some(books) = &report.books {
        let word = if books.balanced {
            "balance"
        } else {
            "do **not** balance"
        };
        let _ = writeln!(text, "\nThe books {word}.");
        for (name, _, detail) in books.checks.iter().filter(|(_, ok, _)| !ok) {
            let _ = writeln!(text, "- {name}: {detail}");
        }
    }
    for one in &report.struck {
        let _ = writeln!(
            text,
            "- {:.1} s, {}: {} (`faultline trace {}`)",
            one.second, one.endpoint, one.fault, one.trace_id
        );
    }
    text
}

fn row(when: &str, part: Part) -> String {
    format!(
        "| {when} | {:.0} | {} | {} ({:.1} %) | {:.0} ms |\n",
        part.seconds, part.requests, part.errors, part.errors_percent, part.p95_ms
    )
}
