//! What is recorded: error ratios over every window, and what is promised and left of the budget.

use super::{Objective, Rule, merged, ratio_over};
use crate::spec::Pairs;
use crate::{PeriodRule, Window};

impl Objective<'_> {
    /// The error ratio over each window below the period.
    pub(super) fn measurements(&self) -> Vec<Rule> {
        let windows = self.profile.windows();
        windows
            .into_iter()
            .map(|window| self.measurement(window, self.ratio_of_events(window)))
            .collect()
    }

    /// The error ratio over the period, and how often it is found when that differs from the others.
    pub(super) fn period(&self) -> (Option<Window>, Rule) {
        let period = self.profile.period;
        let (interval, ratio) = match self.profile.period_rule {
            PeriodRule::MeanOfRatios => (None, self.mean_of_ratios()),
            PeriodRule::Events { every } => (Some(every), self.ratio_of_events(period)),
        };
        (interval, self.measurement(period, ratio))
    }

    fn measurement(&self, window: Window, expr: String) -> Rule {
        let label = Pairs::from([("sloth_window".to_owned(), window.to_string())]);
        Rule::Record {
            record: ratio_over(window),
            expr,
            labels: merged([&self.labels(), &label]),
        }
    }

    fn ratio_of_events(&self, window: Window) -> String {
        let events = &self.slo.sli.events;
        let (errors, total) = (events.errors_over(window), events.total_over(window));
        format!("({errors})\n/\n({total})\n")
    }

    fn mean_of_ratios(&self) -> String {
        let (shortest, period) = (self.profile.shortest(), self.profile.period);
        let series = format!("{}{}[{period}]", ratio_over(shortest), self.selector());
        format!("sum_over_time({series})\n/ ignoring (sloth_window)\ncount_over_time({series})\n")
    }

    /// What is promised, and how it stands now and over the period.
    pub(super) fn promises(&self) -> Vec<Rule> {
        let selector = self.selector();
        let profile = self.profile;
        let now = ratio_over(profile.shortest());
        let whole = ratio_over(profile.period);
        let burn = |series: &str| {
            format!(
                "{series}{selector}\n/ on(sloth_id, sloth_slo, sloth_service) group_left\n\
                 slo:error_budget:ratio{selector}\n"
            )
        };
        let mut rules: Vec<Rule> = [
            (
                "slo:objective:ratio",
                format!("vector({})", self.slo.ratio()),
            ),
            (
                "slo:error_budget:ratio",
                format!("vector({})", self.slo.budget()),
            ),
            (
                "slo:time_period:days",
                format!("vector({})", profile.period.as_days()),
            ),
            ("slo:current_burn_rate:ratio", burn(&now)),
            ("slo:period_burn_rate:ratio", burn(&whole)),
            (
                "slo:period_error_budget_remaining:ratio",
                format!("1 - slo:period_burn_rate:ratio{selector}"),
            ),
        ]
        .map(|(record, expr)| Rule::Record {
            record: record.to_owned(),
            expr,
            labels: self.labels(),
        })
        .into();
        rules.push(self.info());
        rules
    }

    fn info(&self) -> Rule {
        let about = [
            ("sloth_mode", "cli-gen-prom".to_owned()),
            ("sloth_objective", self.slo.objective.to_string()),
            ("sloth_spec", self.spec.version.clone()),
            ("sloth_version", "faultline".to_owned()),
        ];
        let about = about.map(|(name, value)| (name.to_owned(), value)).into();
        Rule::Record {
            record: "sloth_slo_info".to_owned(),
            expr: "vector(1)".to_owned(),
            labels: merged([&self.labels(), &about]),
        }
    }

    fn labels(&self) -> Pairs {
        merged([&self.spec.labels, &self.slo.labels, &self.identity()])
    }
}
