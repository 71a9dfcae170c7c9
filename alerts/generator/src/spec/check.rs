//! Whether objectives make sense. All problems are found at once, each with its place, its reason and its mend.

use std::collections::HashSet;
use std::fmt;

use super::{PLACEHOLDERS, Pairs, Slo, Spec};

/// Why a file of objectives cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// Not YAML of this form; the message names line and column.
    #[error(
        "not an SLO file of the form that is known here (Sloth's prometheus/v1, with sli.events): {0}"
    )]
    Form(#[from] serde_norway::Error),
    /// The form is right, the content is not.
    #[error("{}", listed(.0))]
    Senseless(Vec<Problem>),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as in `slos[availability].objective`.
    pub at: String,
    /// What, why and what to write instead.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.text)
    }
}

fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Everything that is wrong.
pub(super) fn problems(spec: &Spec) -> Vec<Problem> {
    let mut found = Findings::default();
    if spec.version != "prometheus/v1" {
        found.add(
            "version",
            format!(
                "is {:?}; the only one known here is \"prometheus/v1\"",
                spec.version
            ),
        );
    }
    found.name("service", &spec.service);
    found.labels("labels", &spec.labels);
    if spec.slos.is_empty() {
        found.add(
            "slos",
            "is empty: without an objective there is nothing to make rules of",
        );
    }
    let mut names = HashSet::new();
    for slo in &spec.slos {
        if !names.insert(&slo.name) {
            found.add(
                &format!("slos[{}].name", slo.name),
                "is used twice: the rules of both would record into the same series",
            );
        }
        found.objective(slo);
    }
    found.0
}

#[derive(Default)]
struct Findings(Vec<Problem>);

impl Findings {
    fn add(&mut self, at: &str, text: impl Into<String>) {
        self.0.push(Problem {
            at: at.to_owned(),
            text: text.into(),
        });
    }

    fn objective(&mut self, slo: &Slo) {
        let at = |field: &str| format!("slos[{}].{field}", slo.name);
        self.name(&at("name"), &slo.name);
        self.labels(&at("labels"), &slo.labels);
        self.percentage(&at("objective"), slo.objective);
        self.query(&at("sli.events.error_query"), &slo.sli.events.error_query);
        self.query(&at("sli.events.total_query"), &slo.sli.events.total_query);
        self.alerting(&at("alerting"), slo);
    }

    fn percentage(&mut self, at: &str, objective: f64) {
        if objective == 100.0 {
            self.add(at, "is 100, which leaves no error budget: every rate of burning it would be infinite. Promise less, for example 99.9");
        } else if !(objective > 0.0 && objective < 100.0) {
            self.add(
                at,
                format!(
                    "is {objective}; give the percentage of good events, above 0 and below 100"
                ),
            );
        } else if objective < 1.0 {
            self.add(at, format!("is {objective} percent, which promises next to nothing. If a ratio was meant, write {} instead", objective * 100.0));
        }
    }

    fn query(&mut self, at: &str, query: &str) {
        if query.trim().is_empty() {
            self.add(at, "is empty; give a PromQL query of events a second");
        } else if !PLACEHOLDERS.iter().any(|hole| query.contains(hole)) {
            self.add(at, "has no [{{.window}}]: the same query is asked for every window, so the window's length must not be written out");
        } else if let Some(window) = fixed_window(query) {
            self.add(
                at,
                format!("asks for [{window}] whatever the window is; write [{{{{.window}}}}]"),
            );
        }
    }

    fn alerting(&mut self, at: &str, slo: &Slo) {
        let alerting = &slo.alerting;
        let any = !(alerting.page_alert.disable && alerting.ticket_alert.disable);
        if any && alerting.name.is_empty() {
            self.add(&format!("{at}.name"), "is missing, and an alert needs one; or set `disable: true` in page_alert and ticket_alert");
        }
        for labels in [
            &alerting.labels,
            &alerting.page_alert.labels,
            &alerting.ticket_alert.labels,
        ] {
            self.labels(&format!("{at}.labels"), labels);
        }
    }

    /// Sloth's own rule for names, which become parts of group names and values of labels.
    fn name(&mut self, at: &str, name: &str) {
        let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !(edge(name.chars().next()) && edge(name.chars().last()) && name.chars().all(inside)) {
            self.add(
                at,
                format!("is {name:?}; use letters, digits, and between them - _ ."),
            );
        }
    }

    fn labels(&mut self, at: &str, labels: &Pairs) {
        for name in labels.keys() {
            let mut characters = name.chars();
            let first = characters
                .next()
                .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if !(first && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')) {
                self.add(at, format!("has {name:?}, which is no name for a label: letters, digits and _, not starting with a digit"));
            } else if name.starts_with("sloth_") {
                self.add(
                    at,
                    format!("has {name:?}: names that start with sloth_ are set by the generator"),
                );
            }
        }
    }
}

/// A range with a length written out, as in `[5m]`; not the insides of a label's value.
fn fixed_window(query: &str) -> Option<&str> {
    let mut rest = query;
    while let Some((_, behind)) = rest.split_once('[') {
        let (inside, further) = behind.split_once(']')?;
        let length = inside.trim_end_matches(['s', 'm', 'h', 'd', 'w', 'y']);
        let digits = !length.is_empty() && length.chars().all(|c| c.is_ascii_digit());
        if digits && length.len() < inside.len() {
            return Some(inside);
        }
        rest = further;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99.9
    sli: { events: { error_query: 'e[{{.window}}]', total_query: 't[{{.window}}]' } }
    alerting: { name: Burn }
"#;

    /// The complaint about GOOD with one piece of it replaced.
    fn complaint(piece: &str, replacement: &str) -> String {
        assert!(GOOD.contains(piece), "{piece}");
        Spec::parse(&GOOD.replace(piece, replacement))
            .expect_err(replacement)
            .to_string()
    }

    #[test]
    fn what_is_good_is_read() {
        assert_eq!(Spec::parse(GOOD).unwrap().slos[0].name, "availability");
    }

    #[test]
    fn every_mistake_is_named_with_its_place_and_its_mend() {
        for (piece, replacement, words) in [
            (
                "prometheus/v1",
                "openslo/v1",
                &["version", "prometheus/v1"][..],
            ),
            ("service: shop", "service: ''", &["service", "letters"]),
            (
                "name: availability",
                "name: a b",
                &["slos[a b].name", "letters"],
            ),
            (
                "99.9",
                "100",
                &["slos[availability].objective", "no error budget"],
            ),
            ("99.9", "0.999", &["objective", "write 99.9 instead"]),
            ("99.9", "120", &["objective", "below 100"]),
            ("99.9", ".nan", &["objective", "NaN", "below 100"]),
            ("e[{{.window}}]", "e[5m]", &["error_query", "{{.window}}"]),
            (
                "e[{{.window}}]",
                "a[{{.window}}] / b[5m]",
                &["error_query", "[5m]"],
            ),
            ("t[{{.window}}]", "", &["total_query", "empty"]),
            ("name: Burn", "", &["alerting.name", "disable"]),
            (
                "name: Burn",
                "name: Burn, labels: { 1st: x }",
                &["alerting.labels", "1st"],
            ),
            (
                "name: Burn",
                "name: Burn, labels: { sloth_id: x }",
                &["sloth_id", "generator"],
            ),
            ("events:", "raw:", &["raw", "events", "line 7"]),
            ("objective:", "objektive:", &["objektive", "objective"]),
            ("slos:", "slos: []\nmore:", &["more"]),
        ] {
            let complaint = complaint(piece, replacement);
            for word in words {
                assert!(
                    complaint.contains(word),
                    "{word:?} is missing in: {complaint}"
                );
            }
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let text = GOOD.replace("99.9", "100").replace("name: Burn", "");
        let Err(Invalid::Senseless(problems)) = Spec::parse(&text) else {
            panic!("it makes no sense");
        };
        assert_eq!(problems.len(), 2, "{problems:?}");
    }

    #[test]
    fn a_name_may_not_be_used_twice() {
        let (_, one) = GOOD.split_once("slos:").unwrap();
        let complaint = Spec::parse(&format!("{GOOD}{one}"))
            .unwrap_err()
            .to_string();
        assert!(
            complaint.contains("slos[availability].name: is used twice"),
            "{complaint}"
        );
    }

    #[test]
    fn brackets_that_are_no_window_are_left_alone() {
        assert_eq!(fixed_window(r#"x{route=~"[ab]"}[{{.window}}]"#), None);
        assert_eq!(fixed_window("x[{{.window}}] y[30s]"), Some("30s"));
    }
}
