//! For a comment under a change, or a file beside it.

use std::fmt::Write as _;

use super::verdict;
use crate::{document::Document, report::Report};

pub(super) fn text(document: &Document) -> String {
    let name = document
        .runs
        .first()
        .map_or("load", |run| run.profile.as_str());
    let mut text = format!("# {name}: {}\n", verdict(document));
    if let Some(curve) = &document.knee {
        text.push_str("\n| visits a second | requests | orders | p50 | p95 | p99 | right | held |\n|---:|---:|---:|---:|---:|---:|---:|---|\n");
        for one in &curve.points {
            let _ = writeln!(
                text,
                "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.3} % | {} |",
                one.rate,
                one.requests_per_second,
                one.orders_per_second,
                one.p50_ms,
                one.p95_ms,
                one.p99_ms,
                one.right_percent,
                if one.held { "yes" } else { "no" }
            );
        }
    } else {
        document
            .runs
            .iter()
            .for_each(|run| self::run(&mut text, run));
    }
    if let Some(books) = &document.books {
        let _ = writeln!(
            text,
            "\n{}",
            if books.balanced {
                "The books balance."
            } else {
                "**The books do not balance.**"
            }
        );
        for (name, _, detail) in books.checks.iter().filter(|(_, ok, _)| !ok) {
            let _ = writeln!(text, "- `{name}` {detail}");
        }
    }
    text
}

fn run(text: &mut String, run: &Report) {
    let _ = writeln!(
        text,
        "\n{}, {} model, began {}: {:.1} requests and {:.1} orders a second.\n",
        run.asked, run.model, run.began, run.requests_per_second, run.orders_per_second
    );
    for one in &run.thresholds {
        let mark = match one.ok {
            Some(true) => "✅",
            Some(false) => "❌",
            None => "➖",
        };
        let _ = writeln!(
            text,
            "- {mark} {}: {}",
            one.threshold,
            one.observed.as_deref().unwrap_or("nothing was measured")
        );
    }
    for limit in &run.limited_by {
        let _ = writeln!(text, "- limited by {}", limit.why);
    }
    text.push_str("\n| endpoint | rate | p50 | p90 | p95 | p99 | p99.9 | max | errors |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for one in run.endpoints.iter().chain([&run.all]) {
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {} |",
            one.endpoint.replace('|', "\\|"),
            one.rate,
            one.p50_ms,
            one.p90_ms,
            one.p95_ms,
            one.p99_ms,
            one.p999_ms,
            one.max_ms,
            one.errors
        );
    }
}
