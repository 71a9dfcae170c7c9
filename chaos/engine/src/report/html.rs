//! One page that stands for itself: verdict, what was broken when, what customers met, breakers, sagas, traces.

use std::fmt::Write as _;

use loadtest::render::{Chart, Line, STYLE, escaped};

use super::{Curve, Report};
use crate::customers::Second;

const SECONDS: &str = "seconds since the first customer; what was broken is shaded";
/// The page's colours, one line after the other.
const COLOURS: [&str; 4] = ["a", "b", "c", "d"];

pub(super) fn page(report: &Report) -> String {
    let class = if report.exit_code == 0 {
        "passed"
    } else {
        "failed"
    };
    let word = report.verdict.word();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}: {word}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n\
         <h1>{0}: <span class=\"{class}\">{word}</span></h1><p>{1}</p><p>exit code {2} · seed {3} · began {4} · {5:.0} s</p>\n",
        escaped(&report.title),
        escaped(&report.description),
        report.exit_code,
        report.seed,
        report.began,
        report.seconds,
    );
    list(&mut page, "", report.reasons.iter().map(|one| escaped(one)));
    customers(&mut page, report);
    charts(&mut page, report);
    broken(&mut page, report);
    traces(&mut page, report);
    books(&mut page, report);
    let ignored = report.ignored.iter().map(|one| escaped(one));
    list(&mut page, "Not done", ignored);
    page.push_str("</body></html>\n");
    page
}

fn list(page: &mut String, title: &str, items: impl ExactSizeIterator<Item = String>) {
    if items.len() == 0 {
        return;
    }
    if !title.is_empty() {
        let _ = write!(page, "<h2>{title}</h2>");
    }
    page.push_str("<ul>");
    for item in items {
        let _ = write!(page, "<li>{item}</li>");
    }
    page.push_str("</ul>\n");
}

fn customers(page: &mut String, report: &Report) {
    let Some(parts) = &report.customers else {
        return;
    };
    page.push_str("<h2>Customers</h2><table><tr><th>When<th>Seconds<th>Requests<th>Wrong<th>Share<th>p95</tr>");
    for (when, part) in [
        ("before", parts.before),
        ("during", parts.during),
        ("after", parts.after),
    ] {
        let _ = write!(
            page,
            "<tr><td>{when}<td>{:.0}<td>{}<td>{}<td>{:.1} %<td>{:.0} ms</tr>",
            part.seconds, part.requests, part.errors, part.errors_percent, part.p95_ms
        );
    }
    let _ = writeln!(
        page,
        "</table><p>Last wrong answer {:.1} s after the last fault.</p>",
        parts.recovery_s
    );
}

fn charts(page: &mut String, report: &Report) {
    let bands: Vec<(f64, f64)> = report
        .windows
        .iter()
        .map(|one| (one.from_s, one.until_s))
        .collect();
    let of = |value: fn(&Second) -> f64| {
        report
            .series
            .iter()
            .map(|one| (one.second, value(one)))
            .collect()
    };
    let line = |name, class, points| Line {
        name,
        class,
        points,
        dots: false,
    };
    let mut draw = |title, y_label, lines: Vec<Line<'_>>| {
        if lines.iter().all(|line| line.points.is_empty()) {
            return;
        }
        let chart = Chart {
            title,
            x_label: SECONDS,
            y_label,
            lines,
            limit: None,
            bands: bands.clone(),
        };
        page.push_str(&chart.svg());
    };
    let requests = line("requests", "a", of(|one| one.requests as f64));
    let errors = line("wrong answers", "c", of(|one| one.errors as f64));
    draw("Throughput and errors", "a second", vec![requests, errors]);
    let p95 = line("p95", "b", of(|one| one.p95_ms));
    draw(
        "Latency",
        "ms",
        vec![p95, line("p50", "a", of(|one| one.p50_ms))],
    );
    draw(
        "Circuit breakers: 0 closed, 1 half open, 2 open",
        "state",
        curves(&report.breakers),
    );
    draw("Sagas that ended", "a second", curves(&report.sagas));
}

fn curves(all: &[Curve]) -> Vec<Line<'_>> {
    all.iter()
        .zip(COLOURS.into_iter().cycle())
        .map(|(curve, class)| Line {
            name: &curve.name,
            class,
            points: curve.points.clone(),
            dots: false,
        })
        .collect()
}

fn broken(page: &mut String, report: &Report) {
    let window = |one: &super::Window| {
        format!(
            "{:.1} s to {:.1} s: {}",
            one.from_s,
            one.until_s,
            escaped(&one.what)
        )
    };
    list(page, "What was broken", report.windows.iter().map(window));
    let hit = |one: &super::Hit| format!("{}: {} hits", escaped(&one.fault), one.hits);
    list(page, "What it hit", report.hits.iter().map(hit));
}

fn traces(page: &mut String, report: &Report) {
    let trace = |one: &crate::customers::Struck| {
        format!(
            "{:.1} s {}: {} <code>faultline trace {}</code>",
            one.second,
            escaped(&one.endpoint),
            escaped(&one.fault),
            escaped(&one.trace_id)
        )
    };
    list(
        page,
        "Traces that the fault hit",
        report.struck.iter().map(trace),
    );
}

fn books(page: &mut String, report: &Report) {
    let Some(books) = &report.books else {
        return;
    };
    let check = |(name, ok, detail): &(String, bool, String)| {
        let (mark, class) = if *ok {
            ("✓", "passed")
        } else {
            ("✗", "failed")
        };
        format!(
            "<span class=\"{class}\">{mark}</span> {}: {}",
            escaped(name),
            escaped(detail)
        )
    };
    list(page, "Books", books.checks.iter().map(check));
}
