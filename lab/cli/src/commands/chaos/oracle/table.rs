//! The kill table: what was expected of each run, and what came of it.

use engine::Verdict;
use engine::experiment::Without;
use engine::report::Report;
use serde::Serialize;

use crate::term::{self, Column, Paint, table};

/// A run that was made.
#[derive(Debug, Serialize)]
pub(super) struct Case {
    experiment: String,
    /// What was off; none: nothing.
    protection: Option<String>,
    /// `held`, or what had to notice.
    expected: String,
    pub(super) verdict: Verdict,
    /// Reasons of the verdict.
    turned_red: Vec<String>,
    /// How often the protection was asked for while it was off.
    left_out: Option<u64>,
    pub(super) as_expected: bool,
}

impl Case {
    /// With everything on.
    pub(super) fn clean(report: &Report) -> Self {
        Self {
            experiment: report.name.clone(),
            protection: None,
            expected: Verdict::Held.word().to_owned(),
            verdict: report.verdict,
            turned_red: report.reasons.clone(),
            left_out: None,
            as_expected: report.verdict == Verdict::Held,
        }
    }

    /// Without a protection: red counts only if it is this check that noticed, and if the protection was missed at all.
    pub(super) fn without(without: &Without, report: &Report, left_out: u64) -> Self {
        let noticed = |reason: &String| reason.contains(&without.turns_red);
        let killed = report.verdict == Verdict::Deviated && report.reasons.iter().any(noticed);
        Self {
            experiment: report.name.clone(),
            protection: Some(format!("{}: {}", without.service, without.protection)),
            expected: without.turns_red.clone(),
            verdict: report.verdict,
            turned_red: report.reasons.clone(),
            left_out: Some(left_out),
            as_expected: killed && left_out > 0,
        }
    }

    /// The reason that was expected, or what came instead.
    fn what(&self) -> String {
        if self.left_out == Some(0) {
            return "nobody asked for the protection".to_owned();
        }
        let expected = self
            .turned_red
            .iter()
            .find(|one| one.contains(&self.expected));
        let reason = expected.or(self.turned_red.first());
        let reason = reason.map_or(self.verdict.word(), String::as_str);
        reason.chars().take(100).collect()
    }
}

pub(super) fn show(cases: &[Case], paint: Paint) {
    let heading = [
        ("WITHOUT", Column::Left),
        ("EXPERIMENT", Column::Left),
        ("EXPECTED", Column::Left),
        ("", Column::Left),
        ("WHAT TURNED RED", Column::Left),
    ];
    let word = |case: &Case| match (&case.protection, case.as_expected) {
        (None, true) => "held",
        (None, false) => "red",
        (Some(_), true) => "killed",
        (Some(_), false) => "SURVIVED",
    };
    let row = |case: &Case| {
        vec![
            case.protection.clone().unwrap_or_else(|| "-".to_owned()),
            case.experiment.clone(),
            case.expected.clone(),
            word(case).to_owned(),
            case.what(),
        ]
    };
    let rows: Vec<Vec<String>> = cases.iter().map(row).collect();
    let colour = |index: usize, column: usize, text: String| match column {
        3 if cases[index].as_expected => paint.green(&text),
        3 => paint.red(&text),
        _ => text,
    };
    table(&heading, &rows, colour)
        .into_iter()
        .for_each(term::out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: Verdict, reasons: &[&str]) -> Report {
        Report {
            title: String::new(),
            description: String::new(),
            name: "psp-reply-lost".to_owned(),
            verdict,
            exit_code: verdict.exit_code(),
            reasons: reasons.iter().map(|one| (*one).to_owned()).collect(),
            seed: 0,
            began: String::new(),
            seconds: 1.0,
            hits: Vec::new(),
            windows: Vec::new(),
            customers: None,
            series: Vec::new(),
            struck: Vec::new(),
            breakers: Vec::new(),
            sagas: Vec::new(),
            books: None,
            ignored: Vec::new(),
        }
    }

    #[test]
    fn a_protection_is_missed_only_if_the_check_that_was_meant_has_noticed() {
        let without = Without {
            line: 1,
            service: "payment".to_owned(),
            protection: "payment.reconciliation".to_owned(),
            turns_red: "one_capture_an_order".to_owned(),
        };
        let seen = "books: one_capture_an_order: 3 captures";
        for (verdict, reasons, left_out, expected) in [
            (Verdict::Deviated, &["slow", seen][..], 1, true),
            (Verdict::Deviated, &["slow"][..], 1, false),
            (Verdict::Inconclusive, &[seen][..], 1, false),
            (Verdict::Held, &[][..], 1, false),
            (Verdict::Deviated, &[seen][..], 0, false),
        ] {
            let case = Case::without(&without, &report(verdict, reasons), left_out);
            assert_eq!(case.as_expected, expected, "{case:?}");
        }
        assert!(Case::clean(&report(Verdict::Held, &[])).as_expected);
        assert!(!Case::clean(&report(Verdict::Deviated, &[seen])).as_expected);
    }
}
