//! A rule file: for each objective a group that measures, a group that knows what is promised, a group that alerts. Group,
//! series and label names are Sloth's.

mod alert;
mod record;

use serde::Serialize;

use crate::spec::Pairs;
use crate::{Profile, Slo, Spec, Window};

/// What Prometheus loads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleFile {
    /// Its groups, in the order of the objectives.
    pub groups: Vec<Group>,
}

/// Rules that are evaluated one after the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Unique in the file.
    pub name: String,
    /// How often; Prometheus' own interval when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Rule {
    /// Writes a series.
    Record {
        /// The series' name.
        record: String,
        /// What it is computed from.
        expr: String,
        /// Its labels.
        labels: Pairs,
    },
    /// Raises an alert.
    Alert {
        /// The alert's name.
        alert: String,
        /// It fires while this has a result.
        expr: String,
        /// Its labels beside those of the result.
        labels: Pairs,
        /// What people read.
        annotations: Pairs,
    },
}

pub(crate) fn rule_file(spec: &Spec, profile: &Profile) -> RuleFile {
    let groups = spec
        .slos
        .iter()
        .flat_map(|slo| Objective { spec, slo, profile }.groups())
        .collect();
    RuleFile { groups }
}

/// One objective and everything around it that its rules depend on.
struct Objective<'a> {
    spec: &'a Spec,
    slo: &'a Slo,
    profile: &'a Profile,
}

impl Objective<'_> {
    fn groups(&self) -> Vec<Group> {
        let id = self.id();
        let group = |kind: &str, interval: Option<Window>, rules| Group {
            name: format!("sloth-slo-{kind}-{id}"),
            interval: interval.map(|interval| interval.to_string()),
            rules,
        };
        let (interval, period) = self.period();
        let mut groups = vec![group("sli-recordings", None, self.measurements())];
        match interval {
            None => groups[0].rules.push(period),
            interval => groups.push(group("period-recordings", interval, vec![period])),
        }
        groups.push(group("meta-recordings", None, self.promises()));
        let alerts = self.alerts();
        if !alerts.is_empty() {
            groups.push(group("alerts", None, alerts));
        }
        groups
    }

    /// `shop-availability`.
    fn id(&self) -> String {
        format!("{}-{}", self.spec.service, self.slo.name)
    }

    /// The labels that say whose series it is.
    fn identity(&self) -> Pairs {
        Pairs::from([
            ("sloth_id".to_owned(), self.id()),
            ("sloth_service".to_owned(), self.spec.service.clone()),
            ("sloth_slo".to_owned(), self.slo.name.clone()),
        ])
    }

    /// The same as a selector: `{sloth_id="…", …}`.
    fn selector(&self) -> String {
        let matchers: Vec<String> = self
            .identity()
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        format!("{{{}}}", matchers.join(", "))
    }
}

/// The series of the error ratio over a window.
fn ratio_over(window: Window) -> String {
    format!("slo:sli_error:ratio_rate{window}")
}

/// All of them in one map; what comes later wins.
fn merged<'a>(maps: impl IntoIterator<Item = &'a Pairs>) -> Pairs {
    maps.into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shipped;

    fn groups(profile: &Profile) -> Vec<Group> {
        rule_file(&Spec::parse(shipped::OBJECTIVES).unwrap(), profile).groups
    }

    fn recorded(groups: &[Group]) -> Vec<&str> {
        let rules = groups.iter().flat_map(|group| &group.rules);
        rules
            .filter_map(|rule| match rule {
                Rule::Record { record, .. } => Some(record.as_str()),
                Rule::Alert { .. } => None,
            })
            .collect()
    }

    #[test]
    fn an_objective_records_the_series_that_sloth_records() {
        let groups = groups(&Profile::standard());
        assert_eq!(
            recorded(&groups[..2]),
            [
                "slo:sli_error:ratio_rate5m",
                "slo:sli_error:ratio_rate30m",
                "slo:sli_error:ratio_rate1h",
                "slo:sli_error:ratio_rate2h",
                "slo:sli_error:ratio_rate6h",
                "slo:sli_error:ratio_rate1d",
                "slo:sli_error:ratio_rate3d",
                "slo:sli_error:ratio_rate30d",
                "slo:objective:ratio",
                "slo:error_budget:ratio",
                "slo:time_period:days",
                "slo:current_burn_rate:ratio",
                "slo:period_burn_rate:ratio",
                "slo:period_error_budget_remaining:ratio",
                "sloth_slo_info",
            ]
        );
    }

    #[test]
    fn a_period_from_events_is_found_in_a_group_of_its_own_and_less_often() {
        let groups = groups(&Profile::lab());
        assert_eq!(
            groups[1].name,
            "sloth-slo-period-recordings-shop-availability"
        );
        assert_eq!(groups[1].interval.as_deref(), Some("30s"));
        assert_eq!(recorded(&groups[1..2]), ["slo:sli_error:ratio_rate1d"]);
    }

    #[test]
    fn an_alert_that_is_disabled_is_left_out_and_so_is_an_empty_group() {
        let mut spec = Spec::parse(shipped::OBJECTIVES).unwrap();
        spec.slos.truncate(1);
        spec.slos[0].alerting.page_alert.disable = true;
        let alerts = rule_file(&spec, &Profile::standard()).groups.pop().unwrap();
        assert_eq!(alerts.rules.len(), 1);
        spec.slos[0].alerting.ticket_alert.disable = true;
        let last = rule_file(&spec, &Profile::standard()).groups.pop().unwrap();
        assert_eq!(last.name, "sloth-slo-meta-recordings-shop-availability");
    }
}
