//! What a run means: figures by endpoint, the verdict, and what it was that limited it. Written as JSON, it is what
//! `load compare` reads.

mod limits;
mod stats;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::limits::{Limit, Limiter};
pub use self::stats::{Endpoint, Fault, Point, Slow};
use crate::{
    gauge::Usage,
    profile::{Model, Profile},
    run::Finished,
    threshold::{Judged, Outcome, Threshold, judge},
};

/// Written into every report; another number means another form.
pub const FORM: u32 = 1;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The profile's name.
    pub profile: String,
    /// `open` or `closed`.
    pub model: String,
    /// What was asked for, in words.
    pub asked: String,
    /// RFC 3339, when the measured part began.
    pub began: String,
    /// Length of the measured part.
    pub seconds: f64,
    /// Whether somebody stopped it.
    pub stopped_early: bool,
    /// The seed of its choices; none in reports of before there was one.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Visits a second that the schedule asked for; none in the closed model.
    pub asked_visits_per_second: Option<f64>,
    /// Visits a second that were begun; none in the closed model.
    pub begun_visits_per_second: Option<f64>,
    /// Visits that were not begun, because too many were under way.
    pub dropped_visits: u64,
    /// Requests a second.
    pub requests_per_second: f64,
    /// Orders settled a second.
    pub orders_per_second: f64,
    /// Percent of right answers.
    pub right_percent: Option<f64>,
    /// All requests together.
    pub all: Endpoint,
    /// By endpoint.
    pub endpoints: Vec<Endpoint>,
    /// Registering before the run; not part of the figures above.
    pub set_up: Vec<Endpoint>,
    /// What became of the orders.
    pub orders: BTreeMap<String, u64>,
    /// Over time.
    pub series: Vec<Point>,
    /// Seconds of a point of the series.
    pub series_step_seconds: f64,
    /// The generator and its machine.
    pub usage: Usage,
    /// Requests that were sent more than 10 ms late, percent.
    pub late_percent: f64,
    /// The 99th percentile of how late requests were sent, milliseconds.
    pub late_p99_ms: f64,
    /// What limited the run, the strongest first.
    pub limited_by: Vec<Limit>,
    /// The conditions.
    pub thresholds: Vec<Outcome>,
    /// What the shop itself measured.
    pub server: Option<Server>,
}

/// What the lab's Prometheus says about the measured part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// The gateway's 95th percentile over all requests, milliseconds.
    pub gateway_p95_ms: Option<f64>,
    /// By endpoint of this report: the 95th percentile of the service that answers it.
    pub service_p95_ms: BTreeMap<String, f64>,
    /// Percent of good events, by objective.
    pub objectives: BTreeMap<String, f64>,
}

/// What a run came to in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every condition holds.
    Passed,
    /// At least one does not.
    Failed,
    /// Nothing was answered, so there is nothing to judge.
    NoData,
}

impl Report {
    /// Judges a run.
    #[must_use]
    pub fn of(
        profile: &Profile,
        run: &Finished,
        thresholds: &[Threshold],
        server: Option<Server>,
    ) -> Self {
        let (notes, measured) = (&run.notes, &run.notes.measured);
        let seconds = (notes.window.until - notes.window.from).as_secs_f64();
        let all = measured.all();
        let objectives = server
            .as_ref()
            .map(|s| s.objectives.clone())
            .unwrap_or_default();
        let judged = Judged {
            tally: measured,
            seconds,
            objectives: &objectives,
        };
        let orders: u64 = measured.orders.values().sum();
        let open = match &profile.model {
            Model::Open { .. } => Some(per_second(notes.arrivals, seconds)),
            Model::Closed { .. } => None,
        };
        let late = stats::Late::of(measured);
        let mut report = Self {
            profile: profile.name.clone(),
            model: profile.model_name().to_owned(),
            asked: asked(profile),
            began: run
                .window
                .0
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            seconds,
            stopped_early: run.stopped_early,
            seed: Some(run.seed.0),
            asked_visits_per_second: open,
            begun_visits_per_second: open
                .map(|_| per_second(notes.arrivals - notes.dropped, seconds)),
            dropped_visits: notes.dropped,
            requests_per_second: per_second(measured.requests(), seconds),
            orders_per_second: per_second(orders, seconds),
            right_percent: right_percent(measured.requests(), measured.errors(), notes.dropped),
            all: Endpoint::of("all", &all, seconds),
            endpoints: stats::endpoints(measured, seconds),
            set_up: stats::endpoints(&notes.set_up, seconds),
            orders: measured.orders.clone(),
            series: stats::series(measured),
            series_step_seconds: measured.slice.as_secs_f64(),
            usage: run.usage,
            late_percent: late.percent,
            late_p99_ms: late.p99_ms,
            limited_by: Vec::new(),
            thresholds: judge(thresholds, &judged),
            server,
        };
        report.limited_by = limits::of(&report, profile);
        report
    }

    /// What it came to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let failed = self.thresholds.iter().any(|one| one.ok == Some(false));
        match (self.all.count, failed) {
            (0, _) => Verdict::NoData,
            (_, true) => Verdict::Failed,
            _ => Verdict::Passed,
        }
    }

    /// The figures of one endpoint.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|one| one.endpoint == name)
    }

    /// Wrong answers and dropped visits.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.all.errors + self.dropped_visits
    }
}

fn asked(profile: &Profile) -> String {
    let length = crate::words::written(profile.duration);
    match &profile.model {
        Model::Closed { users, .. } => format!("{users} users for {length}"),
        Model::Open { schedule, .. } if (schedule.peak() - schedule.mean()).abs() < 1e-9 => {
            format!("{} visits a second for {length}", schedule.peak())
        }
        Model::Open { schedule, .. } => {
            let (peak, mean) = (schedule.peak(), schedule.mean());
            format!("up to {peak} and on average {mean:.1} visits a second for {length}")
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        count as f64 / seconds
    } else {
        0.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn right_percent(requests: u64, errors: u64, dropped: u64) -> Option<f64> {
    let tried = requests + dropped;
    (tried > 0).then(|| 100.0 * (tried - errors) as f64 / tried as f64)
}

#[cfg(test)]
pub(crate) mod tests;
