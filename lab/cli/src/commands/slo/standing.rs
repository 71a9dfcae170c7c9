//! How an objective stands: arithmetic on counted events, apart from where they come from.

use std::collections::BTreeMap;

use serde::Serialize;
use slo::Slo;

/// How one objective stands over its period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Standing {
    /// Its name.
    pub(super) name: String,
    /// What is promised, in percent of events.
    pub(super) objective: f64,
    /// What was good, in percent of events; none without events.
    pub(super) sli: Option<f64>,
    /// Events, as far as Prometheus can tell.
    pub(super) events: u64,
    /// Bad ones among them.
    pub(super) bad_events: u64,
    /// Share of the error budget that is left, in percent; below zero when it is overdrawn.
    pub(super) budget_left: Option<f64>,
    /// For each window how many times faster than allowed the budget burns in it; none without events.
    pub(super) burn: BTreeMap<String, Option<f64>>,
    /// Whether the promise is kept; none without events.
    pub(super) met: Option<bool>,
}

/// What was counted for one objective.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// Bad events of the period.
    pub(super) bad: Option<f64>,
    /// All events of the period.
    pub(super) total: Option<f64>,
    /// Error ratio by window.
    pub(super) ratios: BTreeMap<String, Option<f64>>,
}

impl Standing {
    pub(super) fn of(slo: &Slo, counted: Counted) -> Self {
        let total = counted.total.filter(|total| *total > 0.0);
        let bad = counted.bad.unwrap_or_default();
        let ratio = total.map(|total| bad / total);
        let burn = |ratio: f64| ratio / slo.budget();
        let burns = counted.ratios.into_iter();
        Self {
            name: slo.name.clone(),
            objective: slo.objective,
            sli: ratio.map(|ratio| 100.0 * (1.0 - ratio)),
            events: whole(total.unwrap_or_default()),
            bad_events: whole(bad),
            budget_left: ratio.map(|ratio| 100.0 * (1.0 - burn(ratio))),
            burn: burns
                .map(|(window, ratio)| (window, ratio.map(burn)))
                .collect(),
            met: ratio.map(|ratio| ratio <= slo.budget()),
        }
    }
}

/// All kept; one not kept; or neither can be said, because an objective has no events.
pub(super) fn all_met(standings: &[Standing]) -> Option<bool> {
    if standings.iter().any(|one| one.met == Some(false)) {
        return Some(false);
    }
    standings
        .iter()
        .all(|one| one.met.is_some())
        .then_some(true)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of events are far below 2^53, and never negative after the maximum"
)]
fn whole(count: f64) -> u64 {
    count.round().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use slo::{Spec, shipped};

    use super::*;

    fn availability(bad: f64, total: f64) -> Standing {
        let slo = &Spec::parse(shipped::OBJECTIVES).expect("it is good").slos[0];
        let counted = Counted {
            bad: Some(bad),
            total: Some(total),
            ratios: BTreeMap::from([("2m".to_owned(), Some(0.0144)), ("1m".to_owned(), None)]),
        };
        Standing::of(slo, counted)
    }

    fn near(left: Option<f64>, right: f64) -> bool {
        left.is_some_and(|left| (left - right).abs() < 1e-6)
    }

    #[test]
    fn a_quarter_of_the_budget_leaves_three_quarters() {
        let standing = availability(1.0, 4_000.0);
        assert!(
            near(standing.sli, 99.975) && near(standing.budget_left, 75.0),
            "{standing:?}"
        );
        assert_eq!(
            (standing.events, standing.bad_events, standing.met),
            (4_000, 1, Some(true))
        );
        assert!(near(standing.burn["2m"], 14.4), "{standing:?}");
        assert_eq!(standing.burn["1m"], None);
    }

    #[test]
    fn a_budget_can_be_overdrawn() {
        let standing = availability(3.0, 1_000.0);
        assert!(
            near(standing.budget_left, -200.0) && standing.met == Some(false),
            "{standing:?}"
        );
    }

    #[test]
    fn without_events_nothing_can_be_said() {
        let standing = availability(0.0, 0.0);
        assert_eq!(
            (standing.sli, standing.budget_left, standing.met),
            (None, None, None)
        );
        let good = availability(0.0, 10.0);
        let bad = availability(10.0, 10.0);
        assert_eq!(all_met(&[good.clone(), standing.clone()]), None);
        assert_eq!(all_met(&[good.clone(), standing, bad]), Some(false));
        assert_eq!(all_met(&[good]), Some(true));
    }
}
