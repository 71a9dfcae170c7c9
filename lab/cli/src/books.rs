//! The auditor, pointed at a lab.

use std::{collections::HashSet, path::Path, time::Duration};

use anyhow::Context as _;
use auditor::{History, Report, Sources};
use chassis::events::dead_letters;

use crate::{
    Lab,
    term::{self, Paint},
};

/// Topics that consumers read, hence those with dead letters.
pub const TOPICS: [&str; 5] = [
    "user.events",
    "product.events",
    "inventory.events",
    "order.events",
    "payment.events",
];
/// The role that may read every database and write none.
const ROLE: &str = "auditor";

/// Audits a lab. What is still under way gets `patience` to come to rest. The books are also held to what a client was
/// told, if it has kept a history.
///
/// # Errors
/// A database, the broker or the history cannot be read.
pub async fn audit(
    lab: &Lab,
    patience: Duration,
    history: Option<&Path>,
) -> anyhow::Result<Report> {
    audit_forgiving(lab, patience, history, &HashSet::new()).await
}

/// The same, which looks away from ids that are known to disagree.
///
/// # Errors
/// A database, the broker or the history cannot be read.
pub async fn audit_forgiving(
    lab: &Lab,
    patience: Duration,
    history: Option<&Path>,
    forgiven: &HashSet<String>,
) -> anyhow::Result<Report> {
    let history = history.map(History::read).transpose();
    let history = history.context("read the client's history")?;
    let letters = dead_letters::list(&lab.kafka(), &TOPICS)
        .await
        .context("read dead letters")?;
    let database = |name| lab.database_url(ROLE, name);
    let sources = Sources {
        order: database("order"),
        payment: database("payment"),
        inventory: database("inventory"),
        product: database("product"),
        user: database("user"),
        psp: database("psp"),
        dead_letters: letters
            .iter()
            .filter_map(|letter| letter.event_id.as_deref()?.parse().ok())
            .collect(),
        history,
        forgiven: forgiven.clone(),
    };
    Ok(auditor::audit(&sources, patience).await?)
}

/// Prints the verdict with the figures behind it.
pub fn show(report: &Report, paint: Paint) {
    for check in &report.checks {
        let mark = if check.ok {
            paint.green("✓")
        } else {
            paint.red("✗")
        };
        term::out(format!("  {mark} {:<28} {}", check.name, check.detail));
        for example in &check.counterexamples {
            let trace = example
                .trace_id
                .as_deref()
                .map(|id| format!("  trace {id}"));
            let trace = trace.unwrap_or_default();
            term::out(format!(
                "      {}  {}{}",
                example.id,
                example.what,
                paint.dim(trace)
            ));
        }
    }
    let verdict = if report.balanced {
        paint.green("the books balance")
    } else {
        paint.red("the books do NOT balance")
    };
    term::out(format!("\n{verdict}"));
}
