//! `faultline alerts`: what Alertmanager has delivered since the lab was started.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use parts::alerts::{self, Notification, Status};

use crate::cli::Global;
use crate::home::Home;
use crate::term::{self, Column, Paint, duration, table};
use crate::{Verdict, lab};

/// What `--help` says.
pub const HELP: &str = "Show the alerts that were delivered since the lab was started, oldest first: those that fire \
    and those that are over. Prometheus raises them by the rules of alerts/rules, Alertmanager routes them to the \
    lab's own webhook, and they go no further. Each has a runbook in docs/runbooks.\n\n\
    Exit code 0 when none fires, 1 when one does.";

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Options of `alerts`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON: [{"name", "severity", "status", "starts_at", "ends_at", "received_at", "labels", "annotations", …}]; with
    /// --follow, one object a line
    #[arg(long)]
    pub json: bool,
    /// Print each notification as it arrives, until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
}

/// Shows them.
///
/// # Errors
/// When no lab runs, or what was delivered cannot be read.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    lab::client(&home)?;
    let path = home.alerts();
    if args.follow {
        return follow(&path, args.json).await;
    }
    let alerts = latest(delivered(&path)?);
    if args.json {
        term::json(&alerts)?;
    } else {
        show(&alerts, Paint::stdout());
    }
    Ok(Verdict::from_bool(!alerts.iter().any(fires)))
}

async fn follow(path: &Path, json: bool) -> anyhow::Result<Verdict> {
    let paint = Paint::stdout();
    let mut seen = 0;
    loop {
        for one in delivered(path)? {
            if one.number > seen {
                seen = one.number;
                if json {
                    term::out(serde_json::to_string(&one)?);
                } else {
                    term::out(line(&one, paint));
                }
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn delivered(path: &Path) -> anyhow::Result<Vec<Notification>> {
    alerts::list(path).context("read the alerts")
}

/// The last word about each alert, in the order in which they began. An alert that comes back is another one.
fn latest(notifications: Vec<Notification>) -> Vec<Notification> {
    let mut alerts = BTreeMap::new();
    for one in notifications {
        alerts.insert((one.starts_at, one.fingerprint.clone()), one);
    }
    alerts.into_values().collect()
}

fn fires(one: &Notification) -> bool {
    one.status == Status::Firing
}

fn show(alerts: &[Notification], paint: Paint) {
    const HEADING: [(&str, Column); 6] = [
        ("STATE", Column::Left),
        ("SEVERITY", Column::Left),
        ("ALERT", Column::Left),
        ("SINCE", Column::Left),
        ("LASTED", Column::Right),
        ("WHAT", Column::Left),
    ];
    if alerts.is_empty() {
        term::out("No alert has been delivered since the lab was started.");
        return;
    }
    let rows: Vec<Vec<String>> = alerts.iter().map(row).collect();
    let lines = table(&HEADING, &rows, |row, column, text| match column {
        0 => coloured(&alerts[row], paint, text),
        _ => text,
    });
    lines.into_iter().for_each(term::out);
}

fn row(one: &Notification) -> Vec<String> {
    let lasted = one
        .ends_at
        .and_then(|end| u64::try_from((end - one.starts_at).num_seconds()).ok());
    vec![
        state(one).to_owned(),
        one.severity.clone(),
        one.name.clone(),
        one.starts_at.format("%H:%M:%S").to_string(),
        lasted.map_or_else(|| "–".into(), duration),
        summary(one).to_owned(),
    ]
}

fn line(one: &Notification, paint: Paint) -> String {
    let state = coloured(one, paint, format!("{:<8}", state(one)));
    let received = one.received_at.format("%H:%M:%S");
    let (severity, name, summary) = (&one.severity, &one.name, summary(one));
    format!("{received}  {state}  {severity:<6}  {name}  {summary}")
}

fn state(one: &Notification) -> &'static str {
    match one.status {
        Status::Firing => "firing",
        Status::Resolved => "resolved",
    }
}

fn coloured(one: &Notification, paint: Paint, text: String) -> String {
    match (one.status, one.severity.as_str()) {
        (Status::Resolved, _) => paint.green(text),
        (Status::Firing, "page") => paint.red(text),
        (Status::Firing, _) => paint.yellow(text),
    }
}

fn summary(one: &Notification) -> &str {
    one.annotations
        .get("summary")
        .map_or("", |summary| summary.trim())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notification(number: u64, began: &str, status: &str) -> Notification {
        let one = json!({
            "number": number, "received_at": "2026-11-21T08:00:00Z", "status": status,
            "name": "ServiceDown", "severity": "page", "starts_at": began,
            "ends_at": (status == "resolved").then_some("2026-11-21T07:02:05Z"),
            "labels": {}, "annotations": { "summary": "order does not answer." }, "fingerprint": "f",
        });
        serde_json::from_value(one).expect("a notification")
    }

    #[test]
    fn an_alert_that_comes_back_is_another_one() {
        let alerts = latest(vec![
            notification(1, "2026-11-21T07:00:00Z", "firing"),
            notification(2, "2026-11-21T07:00:00Z", "resolved"),
            notification(3, "2026-11-21T07:30:00Z", "firing"),
        ]);
        let numbers: Vec<u64> = alerts.iter().map(|one| one.number).collect();
        assert_eq!(numbers, [2, 3]);
        assert_eq!(
            row(&alerts[0]),
            [
                "resolved",
                "page",
                "ServiceDown",
                "07:00:00",
                "2 min 5 s",
                "order does not answer."
            ]
        );
        assert_eq!(row(&alerts[1])[4], "–");
    }

    #[test]
    fn a_notification_is_one_line() {
        let one = notification(1, "2026-11-21T07:00:00Z", "firing");
        assert_eq!(
            line(&one, Paint::plain()),
            "08:00:00  firing    page    ServiceDown  order does not answer."
        );
    }
}
