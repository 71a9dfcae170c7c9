//! Two documents beside each other: what changed, and whether the noise of repeated runs would explain it.

use serde::Serialize;

use crate::{document::Document, noise::Spread};

/// One figure of one endpoint, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The endpoint; `all` for all together.
    pub endpoint: String,
    /// `rate`, `p50`, `p95` or `p99`.
    pub figure: &'static str,
    /// Of the first document.
    pub before: Spread,
    /// Of the second.
    pub after: Spread,
    /// Percent of the median before; none where that was zero.
    pub percent: Option<f64>,
    /// Whether no run of one reached any of the other; none with fewer than three runs on a side.
    pub beyond_noise: Option<bool>,
}

/// Everything that both have, and the endpoints that only one has.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Changes by endpoint and figure.
    pub changes: Vec<Change>,
    /// Endpoints that only the first document has.
    pub only_before: Vec<String>,
    /// Endpoints that only the second has.
    pub only_after: Vec<String>,
    /// Why the two can hardly be compared: another profile, another model, another request.
    pub differences: Vec<String>,
}

/// Compares.
#[must_use]
pub fn compare(before: &Document, after: &Document) -> Comparison {
    let mut comparison = Comparison {
        differences: differences(before, after),
        ..Comparison::default()
    };
    for (endpoint, old) in &before.repeated {
        let Some(new) = after.repeated.get(endpoint) else {
            comparison.only_before.push(endpoint.clone());
            continue;
        };
        for (figure, old, new) in [
            ("rate", old.rate, new.rate),
            ("p50", old.p50_ms, new.p50_ms),
            ("p95", old.p95_ms, new.p95_ms),
            ("p99", old.p99_ms, new.p99_ms),
        ] {
            comparison.changes.push(change(endpoint, figure, old, new));
        }
    }
    let new = after
        .repeated
        .keys()
        .filter(|name| !before.repeated.contains_key(*name));
    comparison.only_after = new.cloned().collect();
    comparison
}

fn change(endpoint: &str, figure: &'static str, before: Spread, after: Spread) -> Change {
    let percent = 100.0 * (after.median - before.median) / before.median;
    Change {
        endpoint: endpoint.to_owned(),
        figure,
        before,
        after,
        percent: (before.median != 0.0).then_some(percent),
        beyond_noise: before.apart_from(&after),
    }
}

fn differences(before: &Document, after: &Document) -> Vec<String> {
    let what = |document: &Document| {
        let first = document.runs.first();
        first.map(|run| (run.profile.clone(), run.model.clone(), run.asked.clone()))
    };
    let (Some(old), Some(new)) = (what(before), what(after)) else {
        return vec!["one of them has no runs".to_owned()];
    };
    let pairs = [
        ("profile", &old.0, &new.0),
        ("model", &old.1, &new.1),
        ("load", &old.2, &new.2),
    ];
    let other = pairs.iter().filter(|(_, old, new)| old != new);
    other
        .map(|(what, old, new)| format!("another {what}: {old} before, {new} after"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        recorder::Operation,
        report::{
            Report,
            tests::{finished, report},
        },
    };

    fn run(ms: u64) -> Report {
        report(&finished(|recorder, start| {
            recorder.note(Operation {
                scenario: "browser",
                endpoint: "GET /products",
                is_write: false,
                intended: start,
                started: start,
                ended: start + Duration::from_millis(ms),
                status: Some(200),
                fault: None,
                trace_id: "t",
                key: None,
                order: None,
                order_status: None,
            });
        }))
    }

    fn document(latencies: &[u64]) -> Document {
        Document::new(latencies.iter().map(|ms| run(*ms)).collect(), None, None)
    }

    fn p95(comparison: &Comparison) -> &Change {
        let is = |change: &&Change| change.endpoint == "GET /products" && change.figure == "p95";
        comparison.changes.iter().find(is).unwrap()
    }

    #[test]
    fn a_change_beyond_the_noise_is_told_from_one_within() {
        let before = document(&[100, 102, 98]);
        let slower = compare(&before, &document(&[150, 148, 155]));
        assert_eq!(p95(&slower).beyond_noise, Some(true));
        assert!((p95(&slower).percent.unwrap() - 50.0).abs() < 1.0);
        let same = compare(&before, &document(&[97, 101, 105]));
        assert_eq!(p95(&same).beyond_noise, Some(false));
        assert_eq!(p95(&compare(&before, &document(&[500]))).beyond_noise, None);
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let before = document(&[100]);
        let mut after = document(&[100]);
        after.runs[0].model = "closed".to_owned();
        let comparison = compare(&before, &after);
        assert_eq!(
            comparison.differences,
            ["another model: open before, closed after"]
        );
    }
}
