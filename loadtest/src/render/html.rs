//! One page that stands for itself: figures, charts, verdict.

use std::fmt::Write as _;

use super::{
    chart::{Chart, Line},
    escaped, verdict,
};
use crate::{
    document::Document,
    knee::Curve,
    report::{Endpoint, Report},
};

/// The look of every page.
pub const STYLE: &str = "
:root { color-scheme: light dark; --a: #2563eb; --b: #d97706; --c: #dc2626; --d: #16a34a; --dim: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2 } table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100% }
th, td { text-align: right; padding: .2rem .5rem; border-bottom: 1px solid var(--dim) }
th:first-child, td:first-child { text-align: left }
.passed { color: var(--d) } .failed, .no { color: var(--c) } code { font-size: 85% }
figure { margin: 1.5rem 0 } figcaption { font-weight: 600 } svg { width: 100%; height: auto }
svg text { font-size: 11px; fill: currentColor } polyline { fill: none; stroke-width: 1.6 }
.grid { stroke: var(--dim) } .limit { stroke: var(--c); stroke-dasharray: 5 4 }
polyline.a, circle.a { stroke: var(--a) } polyline.b, circle.b { stroke: var(--b) }
polyline.c, circle.c { stroke: var(--c) } polyline.d, circle.d { stroke: var(--d) } circle { fill: Canvas }
.legend span.a { color: var(--a) } .legend span.b { color: var(--b) } .legend span.c { color: var(--c) }
.band { fill: var(--b); opacity: .15 }
.legend span.d { color: var(--d) } .legend { margin: 0; font-size: 85% }
";

/// The goal that the charts of latency show, milliseconds.
const GOAL_MS: f64 = 100.0;

pub(super) fn page(document: &Document) -> String {
    let name = document
        .runs
        .first()
        .map_or("load", |run| run.profile.as_str());
    let verdict = verdict(document);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}: {verdict}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n\
         <h1>{0}: <span class=\"{1}\">{verdict}</span></h1>\n",
        escaped(name),
        verdict.split(' ').next().unwrap_or_default()
    );
    if let Some(curve) = &document.knee {
        knee(&mut page, curve);
    }
    if document.runs.len() > 1 && document.knee.is_none() {
        repeats(&mut page, document);
    }
    for (number, run) in document
        .runs
        .iter()
        .enumerate()
        .filter(|_| document.knee.is_none())
    {
        if document.runs.len() > 1 {
            let _ = writeln!(
                page,
                "<h2>Run {} of {}</h2>",
                number + 1,
                document.runs.len()
            );
        }
        self::run(&mut page, run);
    }
    books(&mut page, document);
    page.push_str("</body></html>\n");
    page
}

fn run(page: &mut String, run: &Report) {
    let _ = writeln!(
        page,
        "<p>{} · {} model · {:.1} requests a second · {:.1} orders a second · began {}</p>",
        escaped(&run.asked),
        run.model,
        run.requests_per_second,
        run.orders_per_second,
        run.began
    );
    page.push_str("<h2>Verdict</h2><ul>");
    for one in &run.thresholds {
        let (mark, class) = match one.ok {
            Some(true) => ("✓", "passed"),
            Some(false) => ("✗", "failed"),
            None => ("–", ""),
        };
        let observed = one.observed.as_deref().unwrap_or("nothing was measured");
        let _ = write!(
            page,
            "<li><span class=\"{class}\">{mark}</span> {}: {}</li>",
            escaped(&one.threshold),
            escaped(observed)
        );
    }
    page.push_str("</ul><h2>Limited by</h2><ul>");
    for limit in &run.limited_by {
        let _ = write!(page, "<li>{:?}: {}</li>", limit.by, escaped(&limit.why));
    }
    page.push_str("</ul><h2>Endpoints</h2><p>Milliseconds from the intended start to the last byte of the body.</p>");
    endpoints(page, run);
    over_time(page, run);
    slowest(page, run);
}

fn endpoints(page: &mut String, run: &Report) {
    page.push_str("<table><tr><th>Endpoint<th>Rate<th>p50<th>p90<th>p95<th>p99<th>p99.9<th>Max<th>Errors<th>Service p95</tr>");
    for one in run.endpoints.iter().chain([&run.all]) {
        let server = run
            .server
            .as_ref()
            .and_then(|server| match one.endpoint.as_str() {
                "all" => server.gateway_p95_ms,
                name => server.service_p95_ms.get(name).copied(),
            });
        let server = server.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.1}"));
        let Endpoint {
            rate,
            p50_ms,
            p90_ms,
            p95_ms,
            p99_ms,
            p999_ms,
            max_ms,
            errors,
            ..
        } = one;
        let _ = write!(
            page,
            "<tr><td><code>{}</code><td>{rate:.1}<td>{p50_ms:.1}<td>{p90_ms:.1}<td>{p95_ms:.1}<td>{p99_ms:.1}\
             <td>{p999_ms:.1}<td>{max_ms:.1}<td>{errors}<td>{server}</tr>",
            escaped(&one.endpoint)
        );
    }
    page.push_str("</table>");
    for one in &run.endpoints {
        for fault in &one.faults {
            let _ = write!(
                page,
                "<p class=\"failed\">{} × {} {}: {}</p>",
                fault.count,
                escaped(&one.endpoint),
                fault.kind.as_str(),
                escaped(&fault.text)
            );
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "places of a chart")]
fn over_time(page: &mut String, run: &Report) {
    let step = run.series_step_seconds;
    let line = |name, class, value: &dyn Fn(&crate::report::Point) -> f64| Line {
        name,
        class,
        points: run
            .series
            .iter()
            .enumerate()
            .map(|(n, point)| (n as f64 * step, value(point)))
            .collect(),
        dots: false,
    };
    let latency = Chart {
        title: "Latency over time",
        x_label: "seconds since the measured part began",
        y_label: "ms",
        lines: vec![
            line("p99", "c", &|point| point.p99_ms),
            line("p95", "b", &|point| point.p95_ms),
            line("p50", "a", &|point| point.p50_ms),
        ],
        limit: Some(GOAL_MS),
        bands: Vec::new(),
    };
    let rate = Chart {
        title: "Requests and errors over time",
        x_label: "seconds since the measured part began",
        y_label: "a second",
        lines: vec![
            line("requests", "a", &|point| point.count as f64 / step),
            line("errors", "c", &|point| point.errors as f64 / step),
        ],
        limit: None,
        bands: Vec::new(),
    };
    page.push_str(&latency.svg());
    page.push_str(&rate.svg());
}

fn slowest(page: &mut String, run: &Report) {
    page.push_str("<h2>Slowest traces</h2><ul>");
    for one in &run.endpoints {
        for slow in &one.slowest {
            let _ = write!(
                page,
                "<li>{:.1} ms {}: <code>faultline trace {}</code></li>",
                slow.ms,
                escaped(&one.endpoint),
                escaped(&slow.trace_id)
            );
        }
    }
    page.push_str("</ul>");
}

fn knee(page: &mut String, curve: &Curve) {
    let line = |name, class, value: &dyn Fn(&crate::knee::Tried) -> f64| Line {
        name,
        class,
        points: curve
            .points
            .iter()
            .map(|one| (one.requests_per_second, value(one)))
            .collect(),
        dots: true,
    };
    let found = match (curve.knee, curve.knee_requests_per_second) {
        (Some(knee), Some(requests)) => {
            format!("The knee is at {requests:.0} requests a second ({knee} visits).")
        }
        _ => "Not even the lowest rate held.".to_owned(),
    };
    let _ = writeln!(page, "<p>{found}</p>");
    let chart = Chart {
        title: "Latency against rate",
        x_label: "requests a second",
        y_label: "ms",
        lines: vec![
            line("p99", "c", &|one| one.p99_ms),
            line("p95", "b", &|one| one.p95_ms),
            line("p50", "a", &|one| one.p50_ms),
        ],
        limit: Some(GOAL_MS),
        bands: Vec::new(),
    };
    page.push_str(&chart.svg());
    page.push_str("<table><tr><th>Visits a second<th>Requests<th>Orders<th>p50<th>p95<th>p99<th>Right<th>Held</tr>");
    for one in &curve.points {
        let _ = write!(
            page,
            "<tr><td>{}<td>{:.1}<td>{:.1}<td>{:.1}<td>{:.1}<td>{:.1}<td>{:.3} %<td>{}</tr>",
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
    page.push_str("</table>");
}

fn repeats(page: &mut String, document: &Document) {
    page.push_str("<h2>All runs</h2><table><tr><th>Endpoint<th>Rate<th>±<th>p50<th>±<th>p95<th>±<th>p99<th>±</tr>");
    for (name, one) in &document.repeated {
        let _ = write!(page, "<tr><td><code>{}</code>", escaped(name));
        for spread in [one.rate, one.p50_ms, one.p95_ms, one.p99_ms] {
            let _ = write!(
                page,
                "<td>{:.1}<td>{:.0} %",
                spread.median,
                spread.percent()
            );
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

fn books(page: &mut String, document: &Document) {
    let Some(books) = &document.books else { return };
    let verdict = if books.balanced {
        "the books balance"
    } else {
        "the books do NOT balance"
    };
    let _ = write!(page, "<h2>Books: {verdict}</h2><ul>");
    for (name, ok, detail) in &books.checks {
        let mark = if *ok { "✓" } else { "✗" };
        let _ = write!(
            page,
            "<li>{mark} <code>{}</code> {}</li>",
            escaped(name),
            escaped(detail)
        );
    }
    page.push_str("</ul>");
}
