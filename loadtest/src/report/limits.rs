//! What limited a run. A figure without this is half a figure: a rate that was never asked for is not the shop's rate,
//! and a latency that a late generator caused is not the shop's latency.

use serde::{Deserialize, Serialize};

use super::Report;
use crate::{
    fault::Kind,
    profile::{Model, Profile},
};

/// Requests sent late, percent, from which on the generator's own delays are part of the figures.
const LATE_PERCENT_MAX: f64 = 1.0;
/// Share of all cores from which on the generator takes what the shop would need, percent.
const OWN_PERCENT_MAX: f64 = 50.0;
/// A machine that is busier than this is full, percent.
const MACHINE_PERCENT_MAX: f64 = 95.0;
/// Visits begun, as a share of those asked for.
const BEGUN_MIN: f64 = 0.99;

/// Who or what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limiter {
    /// Somebody stopped it.
    Stopped,
    /// The generator could not keep up: the figures are partly its own.
    Generator,
    /// More visits were under way than allowed, so that some were never begun.
    InFlight,
    /// The gateway's limit of requests a customer.
    RateLimit,
    /// All cores of the machine were busy.
    Machine,
    /// Users thought, or waited for their answers.
    Users,
    /// Nothing: what was asked for was offered.
    Schedule,
}

/// What limited a run, with the figures that say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Who or what it was.
    pub by: Limiter,
    /// Why that is known.
    pub why: String,
}

impl Limit {
    /// Whether the figures have to be read with it in mind.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(
            self.by,
            Limiter::Generator | Limiter::InFlight | Limiter::RateLimit
        )
    }
}

pub(super) fn of(report: &Report, profile: &Profile) -> Vec<Limit> {
    let mut limits = Vec::new();
    let mut add = |by, why: String| limits.push(Limit { by, why });
    let usage = report.usage;
    let own = 100.0 * usage.generator_cores / usage.cores.max(1) as f64;
    let full = usage
        .machine_percent
        .is_some_and(|busy| busy > MACHINE_PERCENT_MAX);
    if report.stopped_early {
        add(
            Limiter::Stopped,
            format!(
                "it was stopped after {:.0} s of measurement",
                report.seconds
            ),
        );
    }
    if report.late_percent > LATE_PERCENT_MAX {
        let (percent, p99) = (report.late_percent, report.late_p99_ms);
        add(
            Limiter::Generator,
            format!(
                "{percent:.1} % of the requests were sent more than 10 ms late (p99 {p99:.0} ms); \
             latencies count from when they were meant to be sent, so this delay is in them"
            ),
        );
    } else if own > OWN_PERCENT_MAX {
        add(
            Limiter::Generator,
            format!(
                "the generator used {:.2} of {} cores, which the shop could not have",
                usage.generator_cores, usage.cores
            ),
        );
    }
    if report.dropped_visits > 0 {
        add(
            Limiter::InFlight,
            format!(
                "{} visits were dropped, because as many as allowed were under way",
                report.dropped_visits
            ),
        );
    }
    let limited: u64 = report
        .all
        .faults
        .iter()
        .filter(|f| f.kind == Kind::Limited)
        .map(|f| f.count)
        .sum();
    if limited > 0 {
        add(
            Limiter::RateLimit,
            format!(
                "{limited} requests were refused with 429: more customers, or a lower rate, keep each below the gateway's limit"
            ),
        );
    }
    if full {
        let busy = usage.machine_percent.unwrap_or_default();
        add(
            Limiter::Machine,
            format!(
                "its {} cores were {busy:.0} % busy, the generator with {:.2} of them",
                usage.cores, usage.generator_cores
            ),
        );
    }
    if limits.is_empty() {
        limits.push(nothing(report, profile));
    }
    limits
}

/// The load itself.
fn nothing(report: &Report, profile: &Profile) -> Limit {
    match (&profile.model, report.asked_visits_per_second.zip(report.begun_visits_per_second)) {
        (Model::Open { .. }, Some((asked, begun))) if begun >= asked * BEGUN_MIN => Limit {
            by: Limiter::Schedule,
            why: format!("nothing: {begun:.1} visits a second were asked for and begun, {:.1} requests a second", report.requests_per_second),
        },
        _ => Limit {
            by: Limiter::Users,
            why: "the users themselves, who think and wait for each answer; a closed model asks a slow shop less".to_owned(),
        },
    }
}
