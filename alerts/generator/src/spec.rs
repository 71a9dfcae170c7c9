//! Objectives as they are written: the part of Sloth's `prometheus/v1` that this project uses. What it does not know it
//! refuses, so that nothing is left out in silence.

mod check;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use check::{Invalid, Problem};

/// Labels or annotations.
pub(crate) type Pairs = BTreeMap<String, String>;

/// A file of objectives.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The format: `prometheus/v1`.
    pub version: String,
    /// Whose objectives they are.
    pub service: String,
    /// Labels of everything that is recorded.
    #[serde(default)]
    pub labels: Pairs,
    /// The objectives.
    pub slos: Vec<Slo>,
}

/// One objective.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// Unique in the file.
    pub name: String,
    /// The share of good events, in percent.
    pub objective: f64,
    /// What is promised, in words.
    #[serde(default)]
    pub description: String,
    /// Labels of what is recorded for it.
    #[serde(default)]
    pub labels: Pairs,
    /// What is measured.
    pub sli: Sli,
    /// Who hears of it.
    pub alerting: Alerting,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sli {
    /// As a ratio of events.
    pub events: Events,
}

/// Two queries, each events a second over `{{.window}}`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Bad events.
    pub error_query: String,
    /// All events.
    pub total_query: String,
}

/// Who hears of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerting {
    /// The name of its alerts.
    #[serde(default)]
    pub name: String,
    /// Labels of both alerts.
    #[serde(default)]
    pub labels: Pairs,
    /// Annotations of both alerts.
    #[serde(default)]
    pub annotations: Pairs,
    /// For a budget that burns fast.
    #[serde(default)]
    pub page_alert: Notify,
    /// For one that burns slowly.
    #[serde(default)]
    pub ticket_alert: Notify,
}

/// One of the two alerts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// Leave it out.
    #[serde(default)]
    pub disable: bool,
    /// Labels of this one only.
    #[serde(default)]
    pub labels: Pairs,
    /// Annotations of this one only.
    #[serde(default)]
    pub annotations: Pairs,
}

impl Spec {
    /// Reads a file of objectives.
    ///
    /// # Errors
    /// With the line, when it is not YAML of this form; with everything that is wrong, when it makes no sense.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let spec: Self = serde_norway::from_str(text)?;
        let problems = check::problems(&spec);
        if problems.is_empty() {
            Ok(spec)
        } else {
            Err(Invalid::Senseless(problems))
        }
    }
}

impl Slo {
    /// The share of events that may be bad: 0.001 for 99.9 %.
    #[must_use]
    pub fn budget(&self) -> f64 {
        tidy((100.0 - self.objective) / 100.0)
    }

    /// The share of events that has to be good: 0.999 for 99.9 %.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        tidy(self.objective / 100.0)
    }
}

impl Events {
    /// Bad events a second over `window`, in PromQL.
    #[must_use]
    pub fn errors_over(&self, window: crate::Window) -> String {
        filled(&self.error_query, window)
    }

    /// All events a second over `window`, in PromQL.
    #[must_use]
    pub fn total_over(&self, window: crate::Window) -> String {
        filled(&self.total_query, window)
    }
}

fn filled(query: &str, window: crate::Window) -> String {
    let window = window.to_string();
    let filled = PLACEHOLDERS
        .iter()
        .fold(query.to_owned(), |query, hole| query.replace(hole, &window));
    filled.trim().to_owned()
}

/// Both ways in which Go's templates write it.
const PLACEHOLDERS: [&str; 2] = ["{{.window}}", "{{ .window }}"];

/// 0.001 instead of 0.0009999999999999432: percentages have a few digits, binary fractions have noise behind them.
fn tidy(ratio: f64) -> f64 {
    (ratio * 1e12).round() / 1e12
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Window;

    #[test]
    fn a_budget_has_no_noise_behind_its_digits() {
        let mut slo = Spec::parse(crate::shipped::OBJECTIVES)
            .unwrap()
            .slos
            .remove(0);
        for (objective, budget) in [
            (99.9, 0.001),
            (99.95, 0.0005),
            (95.0, 0.05),
            (99.999, 0.00001),
        ] {
            slo.objective = objective;
            assert_eq!(slo.budget().to_string(), f64::to_string(&budget));
        }
    }

    #[test]
    fn the_window_is_filled_in_however_it_is_spaced() {
        let events = Events {
            error_query: "a[{{.window}}] + b[{{ .window }}]\n".to_owned(),
            total_query: "c[{{.window}}]".to_owned(),
        };
        let window = Window::minutes(5);
        assert_eq!(events.errors_over(window), "a[5m] + b[5m]");
        assert_eq!(events.total_over(window), "c[5m]");
    }
}
