//! What the lab's own eyes saw of the demo: the slowest order, and how the objectives stand. Neither is part of the
//! verdict, and a lab that lost them has still sold what it sold.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    Lab,
    commands::{
        slo::status::{self, Report},
        trace::checkout::Checkout,
    },
    term::{self, Paint, note},
};

/// Services send their spans every second; Prometheus looks at them every five.
const TOLD_WITHIN: Duration = Duration::from_secs(6);

/// Waits until what has just happened is known to those who watch.
pub(super) async fn told() {
    tokio::time::sleep(TOLD_WITHIN).await;
}

/// How a demo ends.
pub(super) struct Ending {
    slowest: Option<Checkout>,
    /// How the objectives stand; none when Prometheus did not say.
    pub(super) objectives: Option<Report>,
}

impl Ending {
    /// Asks the observatory and Prometheus. Who does not answer is named on stderr.
    pub(super) async fn of(lab: &Lab, since: DateTime<Utc>) -> Self {
        let slowest = heard(Checkout::slowest(lab, since).await).flatten();
        let objectives = heard(status::report(lab).await);
        Self {
            slowest,
            objectives,
        }
    }

    /// The trace of the slowest order, if there is one.
    pub(super) fn trace_id(&self) -> Option<&str> {
        self.slowest.as_ref().map(|order| order.trace_id.as_str())
    }

    pub(super) fn show(&self, paint: Paint) {
        term::out(paint.bold("\nThe slowest order"));
        match &self.slowest {
            Some(order) => order.print(paint),
            None => term::out(
                "  The observatory knows of none: see `faultline doctor` and sampling.json.",
            ),
        }
        if let Some(objectives) = &self.objectives {
            term::out(paint.bold("\nObjectives"));
            status::show(objectives, paint);
        }
    }
}

fn heard<T>(answer: anyhow::Result<T>) -> Option<T> {
    answer.map_err(|error| note(format!("{error:#}"))).ok()
}
