//! `faultline slo status`: how each objective stands.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Serialize;
use slo::{Profile, Slo, Spec, Window, shipped};

use super::standing::{Counted, Standing, all_met};
use crate::cli::Global;
use crate::prometheus::{Prometheus, Sample};
use crate::term::{self, Column, Paint, table};
use crate::{Lab, Verdict, lab};

/// What `--help` says.
pub(super) const HELP: &str = "Ask the lab's Prometheus how each objective stands over the lab's period, a day: the share of \
    good events, what is left of the error budget, and how many times faster than allowed it burns in each \
    window (1 uses up the budget exactly when the period ends).\n\n\
    Exit code 0 when all are met, 1 when one is not, 2 when that cannot be said: no lab, no Prometheus, or an \
    objective without a single event.";

/// Options of `slo status`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As JSON: {"met", "period", "objectives": [{"name", "objective", "sli", "events", "bad_events",
    /// "budget_left", "burn": {"2m": …}, "met"}]}, in percent; null where there were no events
    #[arg(long)]
    json: bool,
}

/// How all objectives stand.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Report {
    met: Option<bool>,
    period: String,
    objectives: Vec<Standing>,
}

/// Asks and shows.
///
/// # Errors
/// When no lab runs or its Prometheus does not answer.
pub(super) async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let lab = Lab::of(global)?;
    lab::client(&lab.home)?;
    let report = report(&lab).await?;
    if args.json {
        term::json(&report)?;
    } else {
        show(&report, Paint::stdout());
    }
    Ok(match report.met {
        Some(met) => Verdict::from_bool(met),
        None => Verdict::CouldNotLook,
    })
}

/// How the objectives of a running lab stand.
///
/// # Errors
/// When its Prometheus does not answer.
pub(in crate::commands) async fn report(lab: &Lab) -> anyhow::Result<Report> {
    let prometheus = &Prometheus::of(lab)?;
    let spec = Spec::parse(shipped::OBJECTIVES).context("the objectives that were compiled in")?;
    let profile = Profile::lab();
    let recorded = prometheus
        .query(r#"{__name__=~"slo:sli_error:ratio_rate.+"}"#)
        .await?;
    let mut objectives = Vec::new();
    for slo in &spec.slos {
        let counted = count(prometheus, slo, &profile, &recorded).await?;
        objectives.push(Standing::of(slo, counted));
    }
    Ok(Report {
        met: all_met(&objectives),
        period: profile.period.to_string(),
        objectives,
    })
}

async fn count(
    prometheus: &Prometheus,
    slo: &Slo,
    profile: &Profile,
    recorded: &[Sample],
) -> anyhow::Result<Counted> {
    let (events, period) = (&slo.sli.events, profile.period);
    // The queries are events a second over the period.
    let over_period = |query: String| format!("({query}) * {}", period.as_seconds());
    let bad = over_period(events.errors_over(period));
    let total = over_period(events.total_over(period));
    let ratio = |window: Window| (window.to_string(), ratio_of(recorded, &slo.name, window));
    Ok(Counted {
        bad: prometheus.number(&bad).await?,
        total: prometheus.number(&total).await?,
        ratios: profile.windows().into_iter().map(ratio).collect(),
    })
}

fn ratio_of(recorded: &[Sample], slo: &str, window: Window) -> Option<f64> {
    let window = window.to_string();
    let is = |sample: &&Sample, label: &str, value: &str| {
        sample.labels.get(label).is_some_and(|found| found == value)
    };
    recorded
        .iter()
        .find(|sample| is(sample, "sloth_slo", slo) && is(sample, "sloth_window", &window))
        .map(|sample| sample.value)
        .filter(|ratio| ratio.is_finite())
}

/// Prints the table and the verdict.
pub(in crate::commands) fn show(report: &Report, paint: Paint) {
    let windows = alerting_windows();
    let mut heading = vec![
        ("OBJECTIVE", Column::Left),
        ("PROMISED", Column::Right),
        ("GOOD", Column::Right),
        ("EVENTS", Column::Right),
        ("BAD", Column::Right),
        ("BUDGET LEFT", Column::Right),
    ];
    let titles: Vec<String> = windows.iter().map(|(w, _)| format!("BURN {w}")).collect();
    heading.extend(titles.iter().map(|title| (title.as_str(), Column::Right)));
    let first_burn = heading.len() - windows.len();
    let rows: Vec<Vec<String>> = report
        .objectives
        .iter()
        .map(|one| row(one, &windows))
        .collect();
    let lines = table(&heading, &rows, |row, column, text| {
        let one = &report.objectives[row];
        match column {
            2 | 5 if one.met == Some(true) => paint.green(text),
            2 | 5 if one.met == Some(false) => paint.red(text),
            column if column >= first_burn && too_fast(one, &windows[column - first_burn]) => {
                paint.red(text)
            }
            _ => text,
        }
    });
    lines.into_iter().for_each(term::out);
    term::out(format!("\n{}", verdict(report, paint)));
}

/// The windows that alerts look at, each with the burn rate from which on they fire.
fn alerting_windows() -> Vec<(String, f64)> {
    let pairs = Profile::lab().pairs.into_iter();
    pairs
        .map(|pair| (pair.long.to_string(), pair.factor))
        .collect()
}

fn too_fast(one: &Standing, (window, factor): &(String, f64)) -> bool {
    burn(&one.burn, window).is_some_and(|burn| burn > *factor)
}

fn burn(burns: &BTreeMap<String, Option<f64>>, window: &str) -> Option<f64> {
    burns.get(window).copied().flatten()
}

fn row(one: &Standing, windows: &[(String, f64)]) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".into());
    let mut row = vec![
        one.name.clone(),
        format!("{} %", one.objective),
        or_dash(one.sli.map(|good| format!("{good:.3} %"))),
        one.events.to_string(),
        one.bad_events.to_string(),
        or_dash(one.budget_left.map(|left| format!("{left:.1} %"))),
    ];
    let burns = windows.iter().map(|(window, _)| burn(&one.burn, window));
    row.extend(burns.map(|burn| or_dash(burn.map(|burn| format!("{burn:.1}")))));
    row
}

fn verdict(report: &Report, paint: Paint) -> String {
    let named = |met| {
        let names = report.objectives.iter().filter(|one| one.met == met);
        names
            .map(|one| one.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let period = &report.period;
    match report.met {
        Some(true) => paint.green(format!("all objectives are met over the last {period}")),
        Some(false) => paint.red(format!(
            "not met over the last {period}: {}",
            named(Some(false))
        )),
        None => paint.yellow(format!(
            "nothing can be said yet, for want of events: {}",
            named(None)
        )),
    }
}
