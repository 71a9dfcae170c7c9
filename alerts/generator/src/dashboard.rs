//! The dashboard of the objectives: a row for each, with its promise as the limit in every panel. It asks for recorded series
//! whose names are the same in all profiles, so one dashboard serves the lab's day and the month elsewhere.

use dashboards::{Dashboard, Limit, Panel, Query, Row, Show, Unit};

use crate::{Profile, Severity, Slo, Spec};

/// The description of the dashboard.
#[must_use]
pub fn dashboard(spec: &Spec) -> Dashboard {
    Dashboard {
        uid: "faultline-slo".to_owned(),
        title: "Objectives and error budgets".to_owned(),
        description:
            "What is promised, whether it is kept, and how fast the budget for errors is used up."
                .to_owned(),
        one_service: false,
        rows: spec.slos.iter().map(|slo| row(spec, slo)).collect(),
    }
}

fn row(spec: &Spec, slo: &Slo) -> Row {
    let series = Series {
        selector: format!(
            r#"{{job=~"$job",sloth_id="{}-{}"}}"#,
            spec.service, slo.name
        ),
    };
    Row {
        title: format!("{}: {} %", slo.name, slo.objective),
        height: 7,
        panels: vec![
            series.good(slo),
            series.budget_left(),
            series.burn_by_window(slo),
            series.budget_over_time(),
        ],
    }
}

/// What is recorded about one objective.
struct Series {
    selector: String,
}

impl Series {
    fn of(&self, name: &str) -> String {
        format!("max({name}{})", self.selector)
    }

    fn good(&self, slo: &Slo) -> Panel {
        Panel {
            decimals: Some(2),
            width: 4,
            limits: vec![limit(None, "red"), limit(Some(slo.ratio()), "green")],
            ..panel(
                "Good in this period",
                &format!(
                    "{} Red means that the promise is broken for this period.",
                    slo.description.trim()
                ),
                Show::Number,
                Unit::Share,
                "good",
                format!(
                    "1 - ({} or {}) * {}",
                    self.of("slo:period_burn_rate:ratio"),
                    self.of("slo:current_burn_rate:ratio"),
                    self.of("slo:error_budget:ratio")
                ),
            )
        }
    }

    /// The period is looked at less often than the moment. Before its first time, what was measured until now is all there is.
    fn budget(&self) -> String {
        format!(
            "{} or 1 - {}",
            self.of("slo:period_error_budget_remaining:ratio"),
            self.of("slo:current_burn_rate:ratio")
        )
    }

    fn budget_left(&self) -> Panel {
        Panel {
            decimals: Some(1),
            width: 4,
            limits: budget_limits(),
            ..panel(
                "Error budget left",
                "Share of the errors allowed in the period that is still to come. Below zero nothing risky is changed.",
                Show::Number,
                Unit::Share,
                "left",
                self.budget(),
            )
        }
    }

    fn burn_by_window(&self, slo: &Slo) -> Panel {
        Panel {
            limits: alerting(),
            max: Some(2.0),
            ..panel(
                "Burn rate by window",
                "How many times faster than allowed errors come. An alert fires when a long window (it matters) and its \
                 short one (it still goes on) are both above the same line.",
                Show::Lines,
                Unit::Times,
                "{{sloth_window}}",
                format!(
                    r#"max by (sloth_window) ({{__name__=~"slo:sli_error:ratio_rate.+",{}) / {}"#,
                    self.selector.trim_start_matches('{'),
                    slo.budget()
                ),
            )
        }
    }

    fn budget_over_time(&self) -> Panel {
        Panel {
            max: Some(1.0),
            ..panel(
                "Error budget over time",
                "A step down is an incident; a slope is a fault that nobody has been paged for.",
                Show::Lines,
                Unit::Share,
                "left",
                self.budget(),
            )
        }
    }
}

fn panel(title: &str, description: &str, show: Show, unit: Unit, name: &str, ask: String) -> Panel {
    Panel {
        title: title.to_owned(),
        description: description.to_owned(),
        show,
        unit,
        width: 0,
        limits: Vec::new(),
        states: Vec::new(),
        max: None,
        decimals: None,
        none: Some("no traffic yet".to_owned()),
        more: None,
        queries: vec![Query {
            ask,
            name: name.to_owned(),
            exemplars: false,
        }],
    }
}

fn limit(from: Option<f64>, color: &str) -> Limit {
    Limit {
        from,
        color: color.to_owned(),
    }
}

fn budget_limits() -> Vec<Limit> {
    vec![
        limit(None, "red"),
        limit(Some(0.0), "yellow"),
        limit(Some(0.5), "green"),
    ]
}

/// The slowest burn that somebody hears of, and the fastest that can wait until the morning. Factors are the same in all
/// profiles.
fn alerting() -> Vec<Limit> {
    let factors = |severity| {
        let pairs = Profile::standard().pairs.into_iter();
        pairs
            .filter(move |pair| pair.severity == severity)
            .map(|pair| pair.factor)
            .fold(f64::INFINITY, f64::min)
    };
    vec![
        limit(Some(factors(Severity::Ticket)), "yellow"),
        limit(Some(factors(Severity::Page)), "red"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_objective_has_a_row_with_its_promise_as_limit() {
        let spec = Spec::parse(crate::shipped::OBJECTIVES).unwrap();
        let dashboard = dashboard(&spec);
        assert_eq!(dashboard.rows.len(), spec.slos.len());
        for (row, slo) in dashboard.rows.iter().zip(&spec.slos) {
            assert!(row.title.starts_with(&slo.name));
            assert_eq!(row.panels[0].limits[1].from, Some(slo.ratio()));
        }
    }

    #[test]
    fn the_lines_are_where_tickets_and_pages_begin() {
        let from: Vec<Option<f64>> = alerting().iter().map(|limit| limit.from).collect();
        assert_eq!(from, [Some(1.0), Some(6.0)]);
    }
}
