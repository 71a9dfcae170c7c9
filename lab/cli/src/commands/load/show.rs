//! A document on the terminal.

use loadtest::{
    document::Document,
    knee::Curve,
    noise::Spread,
    render,
    report::{Endpoint, Report, Verdict},
};

use super::job::Job;
use crate::term::{self, Column, Paint, table};

/// Prints everything that was found out.
pub(super) fn document(document: &Document, job: &Job) {
    let paint = Paint::stdout();
    match &document.knee {
        Some(curve) => knee(curve, paint),
        None => document.runs.iter().for_each(|run| self::run(run, paint)),
    }
    if document.runs.len() > 1 && document.knee.is_none() {
        repeats(document, paint);
    }
    books(document, paint);
    let word = render::verdict(document);
    let word = match document.verdict {
        Verdict::Passed => paint.green(word),
        _ => paint.red(word),
    };
    term::out(format!("\n{}: {word}", job.profile.name));
}

fn run(run: &Report, paint: Paint) {
    term::out(paint.bold(format!("{}, {} model", run.asked, run.model)));
    term::out(format!(
        "  {:.1} requests a second, {:.1} orders a second, {} errors",
        run.requests_per_second,
        run.orders_per_second,
        run.errors()
    ));
    if let (Some(asked), Some(begun)) = (run.asked_visits_per_second, run.begun_visits_per_second) {
        term::out(format!(
            "  {begun:.1} visits a second begun of {asked:.1} asked for"
        ));
    }
    if let Some(seed) = run.seed {
        term::out(format!(
            "  the same customers and wishes again: --seed {seed}"
        ));
    }
    term::out(paint.bold("\nLatency in milliseconds, from the intended start to the last byte"));
    endpoints(run, paint);
    gap(run);
    faults(run, paint);
    slowest(run, paint);
    term::out(paint.bold("\nOrders"));
    for (outcome, count) in &run.orders {
        term::out(format!("  {count:>6}  {outcome}"));
    }
    term::out(paint.bold("\nConditions"));
    thresholds(run, paint);
    term::out(paint.bold("\nLimited by"));
    for limit in &run.limited_by {
        let mark = if limit.is_warning() {
            paint.yellow("! ")
        } else {
            "  ".to_owned()
        };
        term::out(format!("  {mark}{}", limit.why));
    }
}

fn endpoints(run: &Report, paint: Paint) {
    let right = |title| (title, Column::Right);
    let heading = [
        ("  ENDPOINT", Column::Left),
        right("RATE"),
        right("P50"),
        right("P90"),
        right("P95"),
        right("P99"),
        right("P99.9"),
        right("MAX"),
        right("ERRORS"),
        right("SHOP P95"),
    ];
    let all = run.endpoints.iter().chain([&run.all]);
    let rows: Vec<Vec<String>> = all.map(|one| row(one, run)).collect();
    let lines = table(&heading, &rows, |row, column, text| {
        match run.endpoints.get(row) {
            Some(one) if column == 8 && one.errors > 0 => paint.red(text),
            _ => text,
        }
    });
    lines.into_iter().for_each(term::out);
}

fn row(one: &Endpoint, run: &Report) -> Vec<String> {
    let server = run
        .server
        .as_ref()
        .and_then(|server| match one.endpoint.as_str() {
            "all" => server.gateway_p95_ms,
            name => server.service_p95_ms.get(name).copied(),
        });
    let ms = |value: f64| format!("{value:.1}");
    vec![
        format!("  {}", one.endpoint),
        ms(one.rate),
        ms(one.p50_ms),
        ms(one.p90_ms),
        ms(one.p95_ms),
        ms(one.p99_ms),
        ms(one.p999_ms),
        ms(one.max_ms),
        one.errors.to_string(),
        server.map_or_else(|| "–".to_owned(), ms),
    ]
}

/// Why the shop's own figure is another one.
fn gap(run: &Report) {
    let Some(server) = run.server.as_ref().and_then(|server| server.gateway_p95_ms) else {
        return;
    };
    let customers = run.all.p95_ms;
    term::out(format!(
        "\n  p95 of all requests: {customers:.1} ms for customers, {server:.1} ms by the gateway's own clock. The customers' clock \
         also\n  counts connections, waiting for a core on either side, and how late a request was sent; the gateway's p95 \
         lies\n  somewhere in a bucket of its histogram, and covers the seconds before and after the run. A service's own \
         p95\n  leaves the gateway out as well."
    ));
}

fn faults(run: &Report, paint: Paint) {
    for one in &run.endpoints {
        for fault in &one.faults {
            let (count, kind, text) = (fault.count, fault.kind.as_str(), &fault.text);
            term::out(format!(
                "  {} {count} × {}: {kind}: {text}",
                paint.red("✗"),
                one.endpoint
            ));
        }
    }
    if run.dropped_visits > 0 {
        term::out(format!(
            "  {} {} visits were dropped",
            paint.red("✗"),
            run.dropped_visits
        ));
    }
}

fn slowest(run: &Report, paint: Paint) {
    term::out(paint.bold("\nSlowest traces"));
    for one in &run.endpoints {
        if let Some(slow) = one.slowest.first() {
            term::out(format!(
                "  {:>8.1} ms  {:<34} faultline trace {}",
                slow.ms, one.endpoint, slow.trace_id
            ));
        }
    }
}

fn thresholds(run: &Report, paint: Paint) {
    for one in &run.thresholds {
        let mark = match one.ok {
            Some(true) => paint.green("✓"),
            Some(false) => paint.red("✗"),
            None => paint.dim("–"),
        };
        let observed = one.observed.as_deref().unwrap_or("nothing was measured");
        let objective = one
            .objective
            .as_ref()
            .map(|name| paint.dim(format!("  ({name})")))
            .unwrap_or_default();
        term::out(format!("  {mark} {}: {observed}{objective}", one.threshold));
    }
}

fn repeats(document: &Document, paint: Paint) {
    term::out(paint.bold(format!(
        "\nMedian of {} runs, and half the distance between the extremes",
        document.runs.len()
    )));
    let right = |title| (title, Column::Right);
    let heading = [
        ("  ENDPOINT", Column::Left),
        right("RATE"),
        right("±"),
        right("P50"),
        right("±"),
        right("P95"),
        right("±"),
        right("P99"),
        right("±"),
    ];
    let rows: Vec<Vec<String>> = document
        .repeated
        .iter()
        .map(|(name, one)| {
            let cells = |spread: &Spread| {
                [
                    format!("{:.1}", spread.median),
                    format!("{:.0} %", spread.percent()),
                ]
            };
            let figures = [&one.rate, &one.p50_ms, &one.p95_ms, &one.p99_ms];
            let mut row = vec![format!("  {name}")];
            row.extend(figures.into_iter().flat_map(cells));
            row
        })
        .collect();
    table(&heading, &rows, |_, _, text| text)
        .into_iter()
        .for_each(term::out);
}

fn knee(curve: &Curve, paint: Paint) {
    let right = |title| (title, Column::Right);
    let heading = [
        right("VISITS/S"),
        right("REQUESTS/S"),
        right("ORDERS/S"),
        right("P50"),
        right("P95"),
        right("P99"),
        right("RIGHT"),
        ("", Column::Left),
    ];
    let row = |one: &loadtest::knee::Tried| {
        let figures = [
            one.requests_per_second,
            one.orders_per_second,
            one.p50_ms,
            one.p95_ms,
            one.p99_ms,
        ];
        let mut row = vec![one.rate.to_string()];
        row.extend(figures.map(|figure| format!("{figure:.1}")));
        row.push(format!("{:.3} %", one.right_percent));
        row.push(if one.held { "holds" } else { "does not hold" }.to_owned());
        row
    };
    let rows: Vec<Vec<String>> = curve.points.iter().map(row).collect();
    table(&heading, &rows, |row, column, text| {
        match curve.points[row].held {
            true if column == 7 => paint.green(text),
            false if column == 7 => paint.red(text),
            _ => text,
        }
    })
    .into_iter()
    .for_each(term::out);
    match (curve.knee, curve.knee_requests_per_second) {
        (Some(knee), Some(requests)) => {
            term::out(format!(
                "\nThe knee: {requests:.0} requests a second ({knee} visits)."
            ));
        }
        _ => term::out("\nNot even the lowest rate held."),
    }
    if curve.generator_limited {
        term::out(paint.yellow("Above it the generator was late itself; the shop may take more from a machine of its own."));
    }
}

fn books(document: &Document, paint: Paint) {
    let Some(books) = &document.books else { return };
    term::out(paint.bold("\nBooks"));
    for (name, ok, detail) in &books.checks {
        let mark = if *ok {
            paint.green("✓")
        } else {
            paint.red("✗")
        };
        term::out(format!("  {mark} {name:<28} {detail}"));
    }
    let verdict = if books.balanced {
        paint.green("the books balance")
    } else {
        paint.red("the books do NOT balance")
    };
    term::out(format!("\n{verdict}"));
}
