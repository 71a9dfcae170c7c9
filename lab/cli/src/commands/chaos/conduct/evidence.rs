//! What a run leaves behind, put together: customers' history, breakers, counters, books, and what all that comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use engine::customers::{self, Times};
use engine::experiment::{Extension, Rise};
use engine::report::{Books, Curve, Hit, Report};
use engine::verdict::{self, Findings};
use engine::{Experiment, journal};
use serde_json::json;

use super::super::{arm, scrape};
use super::{Job, Outcome, Ran, Reading};
use crate::prometheus::Prometheus;
use crate::{Lab, books, term};

/// As often as Prometheus looks.
const STEP: Duration = Duration::from_secs(5);
/// Breakers as a number: 0 closed, 1 half open, 2 open.
const BREAKERS: &str = r#"max by (name) (resilience4j_circuitbreaker_state{state=~"open|forced_open"} * 2
    or resilience4j_circuitbreaker_state{state="half_open"})"#;
const SAGAS: &str = "sum by (status) (rate(orders_finished_total[15s]))";

/// How counters and breakers stood before.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Of each counter that has to rise, in their order.
    rises: Vec<f64>,
    /// How often the breaker of each edge had opened.
    breakers: Vec<f64>,
}

impl Marks {
    pub(super) async fn now(lab: &Lab, extension: Option<&Extension>) -> Self {
        let mut marks = Self::default();
        let Some(extension) = extension else {
            return marks;
        };
        for rise in &extension.rises {
            marks.rises.push(counter(lab, rise).await);
        }
        for (_, edge) in &extension.breakers_open {
            let (opened, _) = breaker(lab, edge).await.unwrap_or_default();
            marks.breakers.push(opened);
        }
        marks
    }

    /// What did not rise, and what did not open or close.
    async fn compare(&self, lab: &Lab, extension: &Extension, findings: &mut Findings) {
        for (rise, before) in extension.rises.iter().zip(&self.rises) {
            let by = counter(lab, rise).await - before;
            findings.broken.extend(out_of_bounds(rise, by));
        }
        for ((_, edge), before) in extension.breakers_open.iter().zip(&self.breakers) {
            match breaker(lab, edge).await {
                None => findings
                    .unknown
                    .push(format!("nobody tells of the breaker of {edge}")),
                Some((opened, _)) if opened <= *before => {
                    findings
                        .broken
                        .push(format!("the breaker of {edge} did not open"));
                }
                Some((_, false)) => {
                    findings
                        .broken
                        .push(format!("the breaker of {edge} is not closed again"));
                }
                Some((_, true)) => {}
            }
        }
    }
}

async fn counter(lab: &Lab, rise: &Rise) -> f64 {
    let Ok(service) = arm::service(&rise.service) else {
        return 0.0;
    };
    let page = scrape::page(lab, service).await;
    let labels = rise.labels.iter();
    let labels: Vec<(&str, &str)> = labels.map(|(name, value)| (&**name, &**value)).collect();
    scrape::sum(&page, &rise.metric, &labels).unwrap_or_default()
}

/// What is wrong when more came through than a breaker or a budget should have let pass.
fn too_many(hits: &[Hit], most: Option<f64>) -> Option<String> {
    let all: u64 = hits.iter().map(|hit| hit.hits).sum();
    let most = most.filter(|most| all as f64 > *most)?;
    Some(format!(
        "hits: the faults hit {all} times, not {most} at most"
    ))
}

/// What is wrong with a counter that has risen by so much.
fn out_of_bounds(rise: &Rise, by: f64) -> Option<String> {
    let labels = rise.labels.iter();
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let (metric, service, labels) = (&rise.metric, &rise.service, labels.join(","));
    let says = |bound: String| {
        Some(format!(
            "{metric}{{{labels}}} of {service} rose by {by}, not by {bound}"
        ))
    };
    match rise.by_max {
        _ if by < rise.by => says(format!("{} at least", rise.by)),
        Some(most) if by > most => says(format!("{most} at most")),
        _ => None,
    }
}

async fn breaker(lab: &Lab, edge: &str) -> Option<(f64, bool)> {
    let (caller, _) = edge.split_once("->")?;
    let page = scrape::page(lab, arm::service(caller).ok()?).await;
    scrape::breaker(&page, edge)
}

/// Everything that a run left behind.
pub(super) struct Evidence;

impl Evidence {
    /// Puts it together, and says what it comes to.
    pub(super) async fn of(
        job: &Job,
        experiment: &Experiment,
        ran: Ran,
        hits: Vec<Hit>,
        marks: Marks,
    ) -> anyhow::Result<Outcome> {
        let lab = &job.lab;
        let times = Times {
            began: ran.began,
            broken: ran.windows.span(),
            ended: ran.ended,
        };
        let mut findings = Findings {
            residue: ran.residue,
            ..Findings::default()
        };
        let duds = hits.iter().filter(|hit| hit.hits == 0);
        findings.duds = duds.map(|hit| hit.fault.clone()).collect();
        let extension = experiment.extension.as_ref();
        let asked = match &ran.history {
            Some(file) => customers::read(file)?,
            None => Vec::new(),
        };
        let bounds = extension.map(|one| one.customers).unwrap_or_default();
        let recovery = bounds.recovery_s_max.unwrap_or_default();
        let parts = customers::parts(&asked, times, recovery);
        let complete = ran.run.facts.interruption.is_none();
        if ran.history.is_some() && complete {
            customers::judge(&bounds, &parts, times.broken.is_some(), &mut findings);
        }
        if let (Some(extension), true) = (extension, complete) {
            marks.compare(lab, extension, &mut findings).await;
            findings.broken.extend(too_many(&hits, extension.hits_max));
        }
        let audited = match extension {
            Some(extension) if extension.books => {
                Some(audit(job, ran.history.as_deref(), &mut findings).await)
            }
            _ => None,
        };
        let (verdict, reasons) = verdict::of(&ran.run.facts, &findings);
        let report = Report {
            title: experiment.title.clone(),
            description: experiment.description.clone(),
            name: job.source.name.clone(),
            verdict,
            exit_code: verdict.exit_code(),
            reasons,
            seed: job.seed.unwrap_or_default(),
            began: ran.began.to_rfc3339_opts(SecondsFormat::Secs, true),
            seconds: (ran.ended - ran.began).as_seconds_f64(),
            hits,
            windows: ran.windows.since(ran.began),
            customers: ran.history.is_some().then_some(parts),
            series: customers::series(&asked, times),
            struck: customers::struck(&asked, times),
            breakers: curves(lab, BREAKERS, "name", times).await,
            sagas: curves(lab, SAGAS, "status", times).await,
            books: audited.flatten(),
            ignored: experiment.ignored.clone(),
        };
        Ok(Outcome {
            journal: journal::of(experiment, &ran.run, json!(report)),
            compat_exit_code: verdict::compat_exit_code(&ran.run.facts),
            report,
        })
    }
}

async fn audit(
    job: &Job,
    history: Option<&std::path::Path>,
    findings: &mut Findings,
) -> Option<Books> {
    term::note("    the books");
    let Reading { patience, forgiven } = &job.reading;
    let audited = books::audit_forgiving(&job.lab, *patience, history, forgiven);
    let audited = match audited.await {
        Ok(audited) => audited,
        Err(error) => {
            findings
                .unknown
                .push(format!("the books cannot be read: {error:#}"));
            return None;
        }
    };
    let broken = audited.checks.iter().filter(|check| !check.ok);
    findings.broken.extend(broken.map(|check| {
        let example = check.counterexamples.first();
        let example = example.map(|one| {
            let trace = one.trace_id.as_deref().map(|id| format!(", trace {id}"));
            format!(
                " (for example {}: {}{})",
                one.id,
                one.what,
                trace.unwrap_or_default()
            )
        });
        format!(
            "books: {}: {}{}",
            check.name,
            check.detail,
            example.unwrap_or_default()
        )
    }));
    let checks = audited.checks.iter();
    Some(Books {
        balanced: audited.balanced,
        checks: checks
            .map(|one| (one.name.to_owned(), one.ok, one.detail.clone()))
            .collect(),
    })
}

/// How something went over time. A Prometheus that was down leaves a gap, or nothing.
async fn curves(lab: &Lab, query: &str, label: &str, times: Times) -> Vec<Curve> {
    let asked = async {
        let prometheus = Prometheus::of(lab)?;
        prometheus
            .range(query, (times.began, times.ended), STEP)
            .await
    };
    let Ok(courses) = asked.await else {
        return Vec::new();
    };
    let began = seconds(times.began);
    let mut curves: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for course in courses {
        // A breaker that never moved is of no interest.
        if course.points.iter().all(|(_, value)| *value == 0.0) {
            continue;
        }
        let name = course.labels.get(label).cloned().unwrap_or_default();
        let points = course.points.iter().map(|(at, value)| (at - began, *value));
        curves.entry(name).or_default().extend(points);
    }
    let curve = |(name, points)| Curve { name, points };
    curves.into_iter().map(curve).collect()
}

fn seconds(moment: DateTime<Utc>) -> f64 {
    moment.timestamp_millis() as f64 / 1e3
}
