//! A run for the person who waits, and what it came to.

use engine::Verdict;
use engine::customers::Part;
use engine::journal::Record;
use engine::machine::Outcome;
use engine::report::Report;

use crate::term::{self, Paint, note};

/// An activity has ended.
pub(super) fn step(record: &Record) {
    let paint = Paint::stderr();
    let name = record.name();
    note(match (record.outcome(), &record.found) {
        (Outcome::Done(Some(false)), Ok((_, found))) => {
            let found: String = found.to_string().chars().take(200).collect();
            format!("  {} {name}: {found}", paint.red("✗"))
        }
        (Outcome::Done(_), _) => format!("  {} {name}", paint.green("✓")),
        (Outcome::Failed, found) => {
            let why = found.as_ref().err().map_or("", String::as_str);
            format!("  {} {name}: {why}", paint.red("✗"))
        }
    });
}

/// What it came to.
pub(super) fn report(report: &Report, paint: Paint) {
    let word = report.verdict.word();
    let word = match report.verdict {
        Verdict::Held => paint.green(word),
        Verdict::Inconclusive => paint.yellow(word),
        _ => paint.red(word),
    };
    term::out(format!("{}: {word}", paint.bold(&report.name)));
    for reason in &report.reasons {
        term::out(format!("  {reason}"));
    }
    for hit in &report.hits {
        term::out(format!("  {:>6} hits  {}", hit.hits, hit.fault));
    }
    if let Some(parts) = &report.customers {
        for (when, part) in [
            ("before", parts.before),
            ("during", parts.during),
            ("after", parts.after),
        ] {
            term::out(row(when, part));
        }
        let recovery = parts.recovery_s;
        term::out(format!(
            "  last wrong answer {recovery:.1} s after the last fault"
        ));
    }
    if let Some(books) = &report.books {
        let word = if books.balanced {
            "balance"
        } else {
            "do NOT balance"
        };
        term::out(format!("  the books {word}"));
    }
}

fn row(when: &str, part: Part) -> String {
    format!(
        "  {when:<7} {:>5.0} s {:>6} requests {:>5} wrong ({:.1} %)  p95 {:.0} ms",
        part.seconds, part.requests, part.errors, part.errors_percent, part.p95_ms
    )
}
