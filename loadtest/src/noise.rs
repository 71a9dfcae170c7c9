//! A/A noise: the same run repeated, and how far its figures lie apart. A difference is one only beyond it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::{Endpoint, Report};

/// A figure of repeated runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The middle one; of an even number the mean of the two in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Runs.
    pub runs: usize,
}

/// The figures of an endpoint over all runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// Requests a second.
    pub rate: Spread,
    /// Median latency, milliseconds.
    pub p50_ms: Spread,
    /// 95th percentile, milliseconds.
    pub p95_ms: Spread,
    /// 99th percentile, milliseconds.
    pub p99_ms: Spread,
}

impl Spread {
    /// Of at least one value.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Self {
            median,
            min,
            max,
            runs: sorted.len(),
        })
    }

    /// Half the distance between the extremes, percent of the median.
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.median == 0.0 {
            0.0
        } else {
            50.0 * (self.max - self.min) / self.median
        }
    }

    /// Whether no run of one reached any of the other: three runs each do that by chance once in ten times, five each
    /// once in a hundred and twenty-six. None with fewer than three on a side, for then nothing is known of the noise.
    #[must_use]
    pub fn apart_from(&self, other: &Self) -> Option<bool> {
        const RUNS_MIN: usize = 3;
        let known = self.runs >= RUNS_MIN && other.runs >= RUNS_MIN;
        known.then_some(self.min > other.max || other.min > self.max)
    }
}

/// Endpoints over all runs; `all` stands for all of them together.
#[must_use]
pub fn repeated(runs: &[Report]) -> BTreeMap<String, Repeated> {
    let mut by_name: BTreeMap<&str, Vec<&Endpoint>> = BTreeMap::new();
    for run in runs {
        for endpoint in run.endpoints.iter().chain([&run.all]) {
            by_name
                .entry(&endpoint.endpoint)
                .or_default()
                .push(endpoint);
        }
    }
    let spread = |ones: &[&Endpoint], value: fn(&Endpoint) -> f64| {
        let values: Vec<f64> = ones.iter().map(|one| value(one)).collect();
        Spread::of(&values)
    };
    let of = |(name, ones): (&str, Vec<&Endpoint>)| {
        let repeated = Repeated {
            rate: spread(&ones, |one| one.rate)?,
            p50_ms: spread(&ones, |one| one.p50_ms)?,
            p95_ms: spread(&ones, |one| one.p95_ms)?,
            p99_ms: spread(&ones, |one| one.p99_ms)?,
        };
        Some((name.to_owned(), repeated))
    };
    by_name.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(values: &[f64]) -> Spread {
        Spread::of(values).unwrap()
    }

    #[test]
    fn the_median_is_the_middle_and_nothing_has_no_spread() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]).median, 2.0);
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(spread(&[90.0, 100.0, 110.0]).percent(), 10.0);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn only_repeated_runs_that_do_not_overlap_are_apart() {
        let (slow, fast) = (spread(&[100.0, 104.0, 98.0]), spread(&[80.0, 85.0, 90.0]));
        assert_eq!(slow.apart_from(&fast), Some(true));
        assert_eq!(fast.apart_from(&slow), Some(true));
        assert_eq!(slow.apart_from(&spread(&[99.0, 120.0, 130.0])), Some(false));
        assert_eq!(
            slow.apart_from(&spread(&[1.0])),
            None,
            "one run tells nothing of the noise"
        );
    }
}
