//! What alerts: a budget that burns too fast in a long window and still does in a short one.

use super::{Objective, Rule, merged, ratio_over};
use crate::spec::{Notify, Pairs};
use crate::{Pair, Severity};

impl Objective<'_> {
    /// A page and a ticket, unless disabled.
    pub(super) fn alerts(&self) -> Vec<Rule> {
        let alerting = &self.slo.alerting;
        [
            (Severity::Page, &alerting.page_alert),
            (Severity::Ticket, &alerting.ticket_alert),
        ]
        .into_iter()
        .filter(|(_, notify)| !notify.disable)
        .map(|(severity, notify)| self.alert(severity, notify))
        .collect()
    }

    fn alert(&self, severity: Severity, notify: &Notify) -> Rule {
        let alerting = &self.slo.alerting;
        let own = Pairs::from([("sloth_severity".to_owned(), severity.as_str().to_owned())]);
        Rule::Alert {
            alert: alerting.name.clone(),
            expr: self.burns(severity),
            labels: merged([&alerting.labels, &notify.labels, &own]),
            annotations: merged([&usual(severity), &alerting.annotations, &notify.annotations]),
        }
    }

    /// Both windows of any of the severity's pairs.
    fn burns(&self, severity: Severity) -> String {
        let pairs = self.profile.pairs.iter();
        let clauses: Vec<String> = pairs
            .filter(|pair| pair.severity == severity)
            .map(|pair| self.burns_in_both(pair))
            .collect();
        clauses.join("or\n")
    }

    fn burns_in_both(&self, pair: &Pair) -> String {
        let (selector, budget, factor) = (self.selector(), self.slo.budget(), pair.factor);
        let burns = |window| {
            let series = ratio_over(window);
            format!("max({series}{selector} > ({factor} * {budget})) without (sloth_window)")
        };
        let (short, long) = (burns(pair.short), burns(pair.long));
        format!("(\n    {short}\n    and\n    {long}\n)\n")
    }
}

/// Sloth's words, for what the file of objectives does not say.
fn usual(severity: Severity) -> Pairs {
    let subject = "{{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate is";
    Pairs::from([
        ("summary".to_owned(), format!("{subject} over expected.")),
        (
            "title".to_owned(),
            format!("({}) {subject} too fast.", severity.as_str()),
        ),
    ])
}
