//! What was measured: one histogram an endpoint, and what became of the orders.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde::Serialize;

/// Highest latency that is told apart, in microseconds; anything slower counts as this.
const HIGHEST_US: u64 = 60_000_000;

/// Collects while the traffic runs.
#[derive(Default)]
pub struct Recorder {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// When the clock started, and the requests that came before.
    clock: Option<(Instant, u64)>,
    endpoints: BTreeMap<&'static str, Endpoint>,
    orders: BTreeMap<String, u64>,
    errors: BTreeMap<String, u64>,
}

struct Endpoint {
    latency_us: Histogram<u64>,
    errors: u64,
}

/// The figures of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How long it ran.
    pub seconds: f64,
    /// Requests answered a second.
    pub requests_per_second: f64,
    /// Orders settled (paid or cancelled) a second.
    pub orders_per_second: f64,
    /// By endpoint.
    pub endpoints: Vec<EndpointStats>,
    /// Orders by outcome: `paid`, `cancelled: out_of_stock`, …
    pub orders: BTreeMap<String, u64>,
    /// What went wrong, with how often.
    pub errors: BTreeMap<String, u64>,
}

/// Latencies of one endpoint, from the intended start to the last byte.
#[derive(Clone, Debug, Serialize)]
pub struct EndpointStats {
    /// Method and route.
    pub endpoint: &'static str,
    /// Requests.
    pub count: u64,
    /// Requests with a wrong answer, or none.
    pub errors: u64,
    /// Median, milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, milliseconds.
    pub p95_ms: f64,
    /// 99th percentile, milliseconds.
    pub p99_ms: f64,
    /// Slowest, milliseconds.
    pub max_ms: f64,
}

impl Recorder {
    /// Starts the clock of the rates: what came before (customers registering) does not count into them.
    pub fn start_clock(&self) {
        let mut inner = self.inner.lock().expect("no panic while held");
        inner.clock = Some((Instant::now(), inner.requests()));
    }

    /// Notes one request.
    pub fn request(&self, endpoint: &'static str, took: Duration, error: Option<String>) {
        let mut inner = self.inner.lock().expect("no panic while held");
        let micros = u64::try_from(took.as_micros()).unwrap_or(HIGHEST_US);
        let stats = inner
            .endpoints
            .entry(endpoint)
            .or_insert_with(Endpoint::new);
        stats.latency_us.saturating_record(micros);
        if let Some(error) = error {
            stats.errors += 1;
            *inner
                .errors
                .entry(format!("{endpoint}: {error}"))
                .or_default() += 1;
        }
    }

    /// Notes what became of an order.
    pub fn order(&self, outcome: String) {
        *self
            .inner
            .lock()
            .expect("no panic while held")
            .orders
            .entry(outcome)
            .or_default() += 1;
    }

    /// Orders settled and errors so far, for a progress line.
    pub fn so_far(&self) -> (u64, u64) {
        let inner = self.inner.lock().expect("no panic while held");
        (inner.orders.values().sum(), inner.errors.values().sum())
    }

    /// The figures.
    pub fn report(&self) -> Report {
        let inner = self.inner.lock().expect("no panic while held");
        let (started, before) = inner.clock.unwrap_or((Instant::now(), 0));
        let seconds = started.elapsed().as_secs_f64();
        let requests = inner.requests() - before;
        let orders: u64 = inner.orders.values().sum();
        Report {
            seconds,
            requests_per_second: per_second(requests, seconds),
            orders_per_second: per_second(orders, seconds),
            endpoints: inner
                .endpoints
                .iter()
                .map(|(name, e)| e.stats(name))
                .collect(),
            orders: inner.orders.clone(),
            errors: inner.errors.clone(),
        }
    }
}

impl Inner {
    fn requests(&self) -> u64 {
        self.endpoints
            .values()
            .map(|endpoint| endpoint.latency_us.len())
            .sum()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate for people; counts are far below 2^52"
)]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

impl Endpoint {
    fn new() -> Self {
        let latency_us = Histogram::new_with_bounds(1, HIGHEST_US, 3).expect("valid bounds");
        Self {
            latency_us,
            errors: 0,
        }
    }

    fn stats(&self, endpoint: &'static str) -> EndpointStats {
        #[expect(
            clippy::cast_precision_loss,
            reason = "microseconds of a minute fit a float"
        )]
        let ms = |micros: u64| micros as f64 / 1000.0;
        let at = |quantile| ms(self.latency_us.value_at_quantile(quantile));
        EndpointStats {
            endpoint,
            count: self.latency_us.len(),
            errors: self.errors,
            p50_ms: at(0.50),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: ms(self.latency_us.max()),
        }
    }
}

impl Report {
    /// Requests that went wrong.
    pub fn errors_total(&self) -> u64 {
        self.errors.values().sum()
    }

    /// The figures of one endpoint.
    pub fn endpoint(&self, name: &str) -> Option<&EndpointStats> {
        self.endpoints.iter().find(|stats| stats.endpoint == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let recorder = Recorder::default();
        for ms in 1..=100 {
            recorder.request("GET /x", Duration::from_millis(ms), None);
        }
        recorder.request(
            "GET /x",
            Duration::from_secs(1),
            Some("status 500".to_owned()),
        );
        let report = recorder.report();
        let stats = report.endpoint("GET /x").unwrap();
        assert_eq!(
            (stats.count, stats.errors, report.errors_total()),
            (101, 1, 1)
        );
        assert!((stats.p50_ms - 51.0).abs() < 0.2, "{stats:?}");
        assert!((stats.p95_ms - 96.0).abs() < 0.2, "{stats:?}");
        assert!((stats.max_ms - 1000.0).abs() < 2.0, "{stats:?}");
    }
}
