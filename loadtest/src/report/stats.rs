//! Figures out of histograms.

use serde::{Deserialize, Serialize};

use super::per_second;
use crate::recorder::{Tally, tally};

/// A request that was sent this much after it was meant to be is late.
const LATE_US: u64 = 10_000;

/// Latencies of one endpoint in milliseconds, from the intended start to the last byte of the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Method and route.
    pub endpoint: String,
    /// Requests.
    pub count: u64,
    /// Requests a second.
    pub rate: f64,
    /// Requests with a wrong answer, or none.
    pub errors: u64,
    /// Median.
    pub p50_ms: f64,
    /// 90th percentile.
    pub p90_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// 99.9th percentile.
    pub p999_ms: f64,
    /// Slowest.
    pub max_ms: f64,
    /// What went wrong, most frequent first.
    pub faults: Vec<Fault>,
    /// The slowest requests.
    pub slowest: Vec<Slow>,
}

/// Something that went wrong, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Its sort.
    pub kind: crate::fault::Kind,
    /// What exactly.
    pub text: String,
    /// How often.
    pub count: u64,
}

/// A slow request, to be looked up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slow {
    /// Milliseconds.
    pub ms: f64,
    /// Its trace.
    pub trace_id: String,
}

/// One step of the series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Requests meant for this step.
    pub count: u64,
    /// Wrong answers and dropped visits.
    pub errors: u64,
    /// Median, milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, milliseconds.
    pub p95_ms: f64,
    /// 99th percentile, milliseconds.
    pub p99_ms: f64,
}

/// How late the generator was.
pub(super) struct Late {
    pub(super) percent: f64,
    pub(super) p99_ms: f64,
}

impl Endpoint {
    pub(super) fn of(name: &str, endpoint: &tally::Endpoint, seconds: f64) -> Self {
        let at = |quantile| ms(endpoint.latency_us.value_at_quantile(quantile));
        let mut faults: Vec<Fault> = endpoint
            .faults
            .iter()
            .map(|((kind, text), count)| Fault {
                kind: *kind,
                text: text.clone(),
                count: *count,
            })
            .collect();
        faults.sort_by_key(|fault| std::cmp::Reverse(fault.count));
        let slow = |(latency, trace): &(std::time::Duration, String)| Slow {
            ms: latency.as_secs_f64() * 1e3,
            trace_id: trace.clone(),
        };
        Self {
            endpoint: name.to_owned(),
            count: endpoint.latency_us.len(),
            rate: per_second(endpoint.latency_us.len(), seconds),
            errors: endpoint.errors(),
            p50_ms: at(0.50),
            p90_ms: at(0.90),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: ms(endpoint.latency_us.max()),
            faults,
            slowest: endpoint.slowest.iter().map(slow).collect(),
        }
    }
}

impl Late {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(super) fn of(tally: &Tally) -> Self {
        let Some(late) = tally.late_us.as_ref().filter(|late| !late.is_empty()) else {
            return Self {
                percent: 0.0,
                p99_ms: 0.0,
            };
        };
        let in_time = late.count_between(0, LATE_US) as f64 / late.len() as f64;
        Self {
            percent: 100.0 * (1.0 - in_time).max(0.0),
            p99_ms: ms(late.value_at_quantile(0.99)),
        }
    }
}

pub(super) fn endpoints(tally: &Tally, seconds: f64) -> Vec<Endpoint> {
    let endpoints = tally.endpoints.iter();
    endpoints
        .map(|(name, one)| Endpoint::of(name, one, seconds))
        .collect()
}

pub(super) fn series(tally: &Tally) -> Vec<Point> {
    let point = |slice: &tally::Slice| {
        let at = |quantile| ms(slice.latency_us.value_at_quantile(quantile));
        Point {
            count: slice.latency_us.len(),
            errors: slice.errors,
            p50_ms: at(0.50),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
        }
    };
    tally.slices.iter().map(point).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of a minute fit a float"
)]
fn ms(micros: u64) -> f64 {
    micros as f64 / 1e3
}
