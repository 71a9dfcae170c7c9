//! `load --find-knee`: one short run a rate, until the highest that holds is known.

use std::time::Duration;

use loadtest::{
    document::Document,
    knee::{Curve, Search, held},
};
use tokio::sync::watch;

use super::{Job, work};
use crate::term::note;

/// Each rate is measured this long, unless --duration says otherwise.
pub(super) const STEP: Duration = Duration::from_secs(15);
/// Before each, so that pools and caches have adapted.
const WARM_UP: Duration = Duration::from_secs(3);
/// Where the search begins, visits a second.
const START: f64 = 20.0;
/// Where it ends, unless --rate says otherwise. The customers for it have to register first.
const RATE_MAX: f64 = 500.0;
/// After a rate that was too much, so that its backlog does not spoil the next.
const PAUSE: Duration = Duration::from_secs(5);

/// Searches. None when it was stopped before the first run began.
///
/// # Errors
/// As for any load.
pub(super) async fn run(
    job: &Job,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Option<Document>> {
    let rate_max = job.rate_max.unwrap_or(RATE_MAX);
    let mut profile = job.profile.clone();
    profile.warm_up = WARM_UP;
    let crowd = profile.clone().with_rate(rate_max);
    let history = work::history(job)?;
    note(format!(
        "Looking for the highest rate up to {rate_max} visits a second that keeps the promises, {} s each. {} customers register first.",
        profile.duration.as_secs(),
        crowd.accounts()
    ));
    let Some(ready) = work::ready(job, &crowd, &history, stop.clone()).await? else {
        return Ok(None);
    };
    let (mut search, mut curve, mut runs) =
        (Search::new(START, rate_max), Curve::default(), Vec::new());
    while let Some(rate) = search.next() {
        let step = profile.clone().with_rate(rate);
        let finished = work::once(&ready, &step, stop.clone()).await?;
        // The shop's own figures take two scrapes; the search is about what customers see.
        let report = loadtest::report::Report::of(&step, &finished, &job.thresholds, None);
        let (requests, p95) = (report.requests_per_second, report.all.p95_ms);
        let holds = held(&report);
        let word = if holds { "holds" } else { "does not hold" };
        note(format!(
            "  {rate} visits a second: {requests:.0} requests a second, p95 {p95:.1} ms: {word}"
        ));
        let stopped = report.stopped_early;
        if !stopped {
            curve.add(rate, &report);
            search.tell(holds);
        }
        runs.push(report);
        if stopped {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    drop(ready);
    let books = work::close(job, history).await?;
    Ok(Some(Document::new(runs, books, Some(curve))))
}
