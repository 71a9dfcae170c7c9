//! The search for the knee: the highest rate of arrivals at which the shop still keeps its promises. Doubles until it
//! breaks, then halves the interval until it is narrow enough. Pure: somebody else makes the runs.

use serde::{Deserialize, Serialize};

use crate::report::{Limiter, Report, Verdict};

/// The interval is narrow enough at this share of its lower end.
const NARROW: f64 = 0.1;
/// Steps after which the search ends in any case: 10 doublings and as many halvings reach everything in range.
const STEPS_MAX: usize = 20;

/// A search under way.
#[derive(Clone, Debug)]
pub struct Search {
    next: f64,
    highest: f64,
    held: Option<f64>,
    broke: Option<f64>,
    steps: usize,
}

/// How latency grows with the rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The highest rate that held, visits a second.
    pub knee: Option<f64>,
    /// Requests a second at that rate.
    pub knee_requests_per_second: Option<f64>,
    /// Every rate that was tried, lowest first.
    pub points: Vec<Tried>,
    /// Whether the generator was the bottleneck at some rate that did not hold: then the shop may take more.
    pub generator_limited: bool,
}

/// One rate that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Visits a second that were asked for.
    pub rate: f64,
    /// Requests a second that came of it.
    pub requests_per_second: f64,
    /// Orders a second.
    pub orders_per_second: f64,
    /// Median, milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, milliseconds.
    pub p95_ms: f64,
    /// 99th percentile, milliseconds.
    pub p99_ms: f64,
    /// Percent of right answers.
    pub right_percent: f64,
    /// Whether every condition held and everything asked for was offered.
    pub held: bool,
}

impl Search {
    /// Begins at `start` visits a second and does not go beyond `highest`.
    #[must_use]
    pub fn new(start: f64, highest: f64) -> Self {
        Self {
            next: start.min(highest),
            highest,
            held: None,
            broke: None,
            steps: 0,
        }
    }

    /// The rate to try next; none when the knee is known well enough.
    #[must_use]
    pub fn next(&self) -> Option<f64> {
        let narrow = match (self.held, self.broke) {
            (Some(held), Some(broke)) => broke - held <= held * NARROW,
            (Some(held), None) => held >= self.highest,
            // Below one visit a second there is nothing to find.
            (None, Some(broke)) => broke <= 1.0,
            (None, None) => false,
        };
        (!narrow && self.steps < STEPS_MAX).then_some(self.next)
    }

    /// Says whether the rate that [`Search::next`] gave held.
    pub fn tell(&mut self, held: bool) {
        self.steps += 1;
        if held {
            self.held = Some(self.next);
        } else {
            self.broke = Some(self.next);
        }
        self.next = match (self.held, self.broke) {
            (Some(held), Some(broke)) => round(f64::midpoint(held, broke)),
            (Some(held), None) => (held * 2.0).min(self.highest),
            (None, Some(broke)) => round(broke / 2.0),
            (None, None) => self.next,
        };
    }
}

/// Rates of which one can speak.
fn round(rate: f64) -> f64 {
    if rate >= 20.0 {
        rate.round()
    } else {
        (rate * 10.0).round() / 10.0
    }
}

/// Whether a run held its rate: every condition, and nothing dropped or sent late.
#[must_use]
pub fn held(report: &Report) -> bool {
    let offered = !report
        .limited_by
        .iter()
        .any(crate::report::Limit::is_warning);
    report.verdict() == Verdict::Passed && offered && !report.stopped_early
}

impl Curve {
    /// Notes a run at a rate.
    pub fn add(&mut self, rate: f64, report: &Report) {
        let held = held(report);
        if held && self.knee.is_none_or(|knee| rate > knee) {
            self.knee = Some(rate);
            self.knee_requests_per_second = Some(report.requests_per_second);
        }
        let generator = |limit: &crate::report::Limit| limit.by == Limiter::Generator;
        self.generator_limited |= !held && report.limited_by.iter().any(generator);
        self.points.push(Tried {
            rate,
            requests_per_second: report.requests_per_second,
            orders_per_second: report.orders_per_second,
            p50_ms: report.all.p50_ms,
            p95_ms: report.all.p95_ms,
            p99_ms: report.all.p99_ms,
            right_percent: report.right_percent.unwrap_or_default(),
            held,
        });
        self.points.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches a shop that holds up to `limit`, and returns what held last with the number of steps.
    fn search(start: f64, highest: f64, limit: f64) -> (Option<f64>, usize) {
        let mut search = Search::new(start, highest);
        while let Some(rate) = search.next() {
            assert!(rate <= highest);
            search.tell(rate <= limit);
        }
        (search.held, search.steps)
    }

    #[test]
    fn the_knee_is_found_within_a_tenth() {
        for limit in [3.0, 37.0, 50.0, 444.0, 1234.0] {
            let (found, steps) = search(50.0, 10_000.0, limit);
            let found = found.unwrap();
            assert!(
                found <= limit && found * 1.11 + 0.1 >= limit,
                "{limit}: {found}"
            );
            assert!(steps <= 15, "{steps}");
        }
    }

    #[test]
    fn a_search_ends_when_nothing_breaks_or_nothing_holds() {
        assert_eq!(search(50.0, 400.0, 1e9).0, Some(400.0));
        assert_eq!(search(50.0, 400.0, 0.0).0, None);
    }
}
