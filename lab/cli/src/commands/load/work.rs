//! The runs of one command, the shop's own view of them, and the books afterwards.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use loadtest::{
    document::{Books, Document},
    history::History,
    profile::Profile,
    report::Report,
    run::{Finished, Ready},
};
use tokio::sync::watch;

use super::{Job, progress::ProgressLine, server};
use crate::{Lab, books, term::note};

/// The file of every operation, in the folder of the reports.
pub(in crate::commands) const HISTORY: &str = "history.jsonl";
/// What is still under way when the last customer leaves has this long to finish.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two runs, so that the first one's events do not count into the second.
const PAUSE: Duration = Duration::from_secs(2);

/// Makes the runs. None when it was stopped before the first one began.
///
/// # Errors
/// The shop refuses its customers, or a file cannot be written.
pub(super) async fn run(
    job: &Job,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Option<Document>> {
    let history = history(job)?;
    note(format!(
        "{} The model is {}; {} customers register first.",
        job.profile.description,
        job.profile.model_name(),
        job.profile.accounts()
    ));
    let Some(ready) = ready(job, &job.profile, &history, stop.clone()).await? else {
        return Ok(None);
    };
    let mut runs = Vec::new();
    for number in 1..=job.repeats {
        if job.repeats > 1 {
            note(format!("Run {number} of {}.", job.repeats));
        }
        let finished = once(&ready, &job.profile, stop.clone()).await?;
        let ended = finished.stopped_early;
        runs.push(report(job, &job.profile, &finished).await);
        if ended {
            break;
        }
        if number < job.repeats {
            tokio::time::sleep(PAUSE).await;
        }
    }
    drop(ready);
    let books = close(job, history).await?;
    Ok(Some(Document::new(runs, books, None)))
}

/// The file that every operation goes to.
pub(super) fn history(job: &Job) -> anyhow::Result<Arc<History>> {
    let file = job.out.join(HISTORY);
    let history = History::create(&file).with_context(|| file.display().to_string())?;
    Ok(Arc::new(history))
}

/// Customers with accounts; none when it was stopped meanwhile.
pub(super) async fn ready(
    job: &Job,
    profile: &Profile,
    history: &Arc<History>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<Option<Ready>> {
    let line = ProgressLine::new(profile.accounts(), profile.duration);
    let preparing = Ready::prepare(
        &job.target.gateway,
        job.target.shelves.clone(),
        profile,
        Some(history.clone()),
        |progress| line.show(progress),
    );
    tokio::select! {
        ready = preparing => Ok(Some(ready.context("customers cannot register")?)),
        _ = stop.wait_for(|stop| *stop) => Ok(None),
    }
}

/// One run.
pub(super) async fn once(
    ready: &Ready,
    profile: &Profile,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Finished> {
    let line = ProgressLine::new(profile.accounts(), profile.duration);
    ready
        .run(profile, stop, |progress| line.show(progress))
        .await
}

/// What it means, beside what the shop itself has measured.
pub(super) async fn report(job: &Job, profile: &Profile, finished: &Finished) -> Report {
    let server = if job.target.is_ours {
        let asked = server::measured(&job.lab, finished.window).await;
        asked
            .map_err(|error| note(format!("the shop's own figures are missing: {error:#}")))
            .ok()
    } else {
        None
    };
    Report::of(profile, finished, &job.thresholds, server)
}

/// Puts the history on disk and holds the books to it, where they are ours.
pub(super) async fn close(job: &Job, history: Arc<History>) -> anyhow::Result<Option<Books>> {
    let history = Arc::into_inner(history).context("nobody writes any more")?;
    history.finish().context("write the history")?;
    if !job.target.is_ours {
        note("The books of this shop are not ours to read.");
        return Ok(None);
    }
    note("The last customer has left; looking at the books.");
    let report = auditable(&job.lab, &job.out).await?;
    Ok(Some(summary(&report)))
}

/// The auditor's verdict, with the history in this folder.
pub(in crate::commands) async fn auditable(
    lab: &Lab,
    folder: &Path,
) -> anyhow::Result<auditor::Report> {
    books::audit(lab, PATIENCE, Some(&folder.join(HISTORY))).await
}

/// The verdict as it stands in reports.
pub(in crate::commands) fn summary(report: &auditor::Report) -> Books {
    let check = |check: &auditor::Check| {
        let examples = check.counterexamples.iter();
        let examples: Vec<String> = examples
            .map(|one| format!("{}: {}", one.id, one.what))
            .collect();
        let detail = match examples.is_empty() {
            true => check.detail.clone(),
            false => format!("{} ({})", check.detail, examples.join("; ")),
        };
        (check.name.to_owned(), check.ok, detail)
    };
    Books {
        balanced: report.balanced,
        checks: report.checks.iter().map(check).collect(),
    }
}
