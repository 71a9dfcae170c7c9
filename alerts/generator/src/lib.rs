//! Prometheus rules, and a dashboard, from service level objectives.
//!
//! Reads objectives in the `prometheus/v1` form of [Sloth](https://sloth.dev) and writes the same recording rules and
//! multi-window, multi-burn-rate alerts that Sloth writes, by the same names and labels, so that dashboards made for Sloth's
//! rules work on these. What Sloth does not have is the [`Profile`]: the same objectives with short windows,
//! for a lab in which an alert should fire while people watch.
//!
//! Pure: text in, text out. It neither talks to Prometheus nor touches files; `faultline slo` does.
//!
//! Source of the windows and factors: Google's SRE Workbook, chapter 5, "Alerting on SLOs", table 5-8.

mod dashboard;
mod profile;
mod rules;
pub mod shipped;
mod spec;
mod window;

pub use dashboard::dashboard;
pub use profile::{Pair, PeriodRule, Profile, Severity};
pub use rules::{Group, Rule, RuleFile};
pub use spec::{Alerting, Events, Invalid, Notify, Problem, Sli, Slo, Spec};
pub use window::Window;

/// The rule file that Prometheus loads, as text. The same text for the same input.
///
/// `source` is named in its first lines, as the file to change instead.
#[must_use]
pub fn generate(spec: &Spec, profile: &Profile, source: &str) -> String {
    let rules = rules::rule_file(spec, profile);
    let text = serde_norway::to_string(&rules).expect("maps of text can be written as YAML");
    format!(
        "# Made from {source} by `faultline slo generate`, profile {}. Changes here are lost.\n{text}",
        profile.name
    )
}
