//! Breakers and bulkheads as Prometheus sees them: read when scraped, not pushed, so that an open breaker that nobody
//! calls any more still shows its true state.

use std::{
    collections::HashSet,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use prometheus::{
    core::{Collector, Desc},
    proto::MetricFamily,
};
use resilience::{Bulkhead, CallTimes, CircuitBreaker, Snapshot, State};

use super::{Metrics, Spec, names, sample::Family};

/// The changes that a breaker makes by itself; those by an operator's hand appear when they happen.
const USUAL: [(State, State); 4] = [
    (State::Closed, State::Open),
    (State::Open, State::HalfOpen),
    (State::HalfOpen, State::Closed),
    (State::HalfOpen, State::Open),
];

const SPECS: [Spec; 11] = [
    names::BREAKER_STATE,
    names::BREAKER_CALLS,
    names::BREAKER_CALLS_MAX,
    names::BREAKER_NOT_PERMITTED,
    names::BREAKER_BUFFERED,
    names::BREAKER_SLOW,
    names::BREAKER_FAILURE_RATE,
    names::BREAKER_SLOW_RATE,
    names::BREAKER_TRANSITIONS,
    names::BULKHEAD_AVAILABLE,
    names::BULKHEAD_MAX,
];

/// The edges of a service that are being watched.
#[derive(Clone)]
pub(super) struct Edges {
    watched: Arc<RwLock<Vec<Watched>>>,
    descs: Arc<[Desc]>,
}

#[derive(Clone)]
struct Watched {
    id: u64,
    edge: Arc<str>,
    breaker: CircuitBreaker,
    bulkhead: Option<Bulkhead>,
}

/// While it lives, the edge's breaker and bulkhead are among the metrics; afterwards nothing of the edge is.
#[must_use = "an edge is watched for as long as this lives"]
pub struct EdgeWatch {
    id: u64,
    edge: Arc<str>,
    metrics: Metrics,
}

impl Edges {
    pub(super) fn new() -> Self {
        Self {
            watched: Arc::default(),
            descs: SPECS.iter().map(Spec::desc).collect(),
        }
    }

    pub(super) fn watch(
        &self,
        metrics: &Metrics,
        edge: &str,
        breaker: CircuitBreaker,
        bulkhead: Option<Bulkhead>,
    ) -> EdgeWatch {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let edge: Arc<str> = edge.into();
        let watched = Watched {
            id,
            edge: edge.clone(),
            breaker,
            bulkhead,
        };
        self.watched
            .write()
            .expect("no panic while held")
            .push(watched);
        EdgeWatch {
            id,
            edge,
            metrics: metrics.clone(),
        }
    }

    /// Each edge once. When a client is replaced, the old one may still be finishing its calls: the newest speaks.
    fn present(&self) -> Vec<Watched> {
        let watched = self.watched.read().expect("no panic while held");
        let mut seen = HashSet::new();
        let newest_first = watched.iter().rev();
        newest_first
            .filter(|watched| seen.insert(watched.edge.clone()))
            .cloned()
            .collect()
    }
}

impl Drop for EdgeWatch {
    fn drop(&mut self) {
        let mut watched = self
            .metrics
            .edges
            .watched
            .write()
            .expect("no panic while held");
        watched.retain(|watched| watched.id != self.id);
        let last = !watched.iter().any(|watched| watched.edge == self.edge);
        drop(watched);
        if last {
            self.metrics.forget_edge(&self.edge);
        }
    }
}

impl Collector for Edges {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let [
            mut state,
            mut calls,
            mut max,
            mut not_permitted,
            mut buffered,
            mut slow,
            mut failure_rate,
            mut slow_rate,
            mut transitions,
            mut available,
            mut allowed,
        ] = SPECS.map(Family::new);
        let now = Instant::now();
        for Watched {
            edge,
            breaker,
            bulkhead,
            ..
        } in self.present()
        {
            let snapshot = breaker.snapshot(now);
            for one in State::ALL {
                state.gauge(&[&edge, one.as_str()], f64::from(one == snapshot.state));
            }
            for (kind, count, times) in by_kind(&snapshot) {
                calls.summary(&[&edge, kind], count, times.total.as_secs_f64());
                max.gauge(&[&edge, kind], times.longest_recent.as_secs_f64());
            }
            not_permitted.counter(&[&edge, "not_permitted"], snapshot.totals.not_permitted);
            for (kind, all, dragging) in window(&snapshot) {
                buffered.gauge(&[&edge, kind], all as f64);
                slow.gauge(&[&edge, kind], dragging as f64);
            }
            failure_rate.gauge(&[&edge], snapshot.failure_rate_percent.unwrap_or(-1.0));
            slow_rate.gauge(&[&edge], snapshot.slow_call_rate_percent.unwrap_or(-1.0));
            for (from, to, count) in changes(&snapshot) {
                transitions.counter(&[&edge, from.as_str(), to.as_str()], count);
            }
            if let Some(bulkhead) = bulkhead {
                let places = bulkhead.max_concurrent();
                available.gauge(&[&edge], (places - bulkhead.in_flight()) as f64);
                allowed.gauge(&[&edge], places as f64);
            }
        }
        let breaker = [
            state,
            calls,
            max,
            not_permitted,
            buffered,
            slow,
            failure_rate,
            slow_rate,
            transitions,
        ];
        let families = breaker.into_iter().chain([available, allowed]);
        families.map(Family::into_proto).collect()
    }
}

fn by_kind(snapshot: &Snapshot) -> [(&'static str, u64, CallTimes); 3] {
    let Snapshot { totals, times, .. } = snapshot;
    [
        ("successful", totals.successful, times.successful),
        ("failed", totals.failed, times.failed),
        ("ignored", totals.ignored, times.ignored),
    ]
}

/// What the window holds: all and slow.
fn window(snapshot: &Snapshot) -> [(&'static str, u64, u64); 2] {
    let counts = snapshot.counts;
    [
        (
            "successful",
            counts.calls - counts.failed,
            counts.slow - counts.slow_failed,
        ),
        ("failed", counts.failed, counts.slow_failed),
    ]
}

fn changes(snapshot: &Snapshot) -> impl Iterator<Item = (State, State, u64)> {
    State::ALL
        .into_iter()
        .flat_map(|from| State::ALL.map(|to| (from, to)))
        .map(|(from, to)| (from, to, snapshot.transitions_between(from, to)))
        .filter(|(from, to, count)| *count > 0 || USUAL.contains(&(*from, *to)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use resilience::{BreakerConfig, CallResult, Window};

    use super::*;
    use crate::{metrics::Exposition, testing::scrape::Scrape};

    fn tripped() -> CircuitBreaker {
        let breaker = CircuitBreaker::new(BreakerConfig {
            window: Window::Count(4),
            minimum_calls: 2,
            ..BreakerConfig::default()
        });
        let began = Instant::now();
        for _ in 0..2 {
            let permit = breaker.try_acquire(began).expect("closed");
            permit.record(began + Duration::from_millis(500), CallResult::Failure);
        }
        assert!(breaker.try_acquire(Instant::now()).is_err());
        breaker
    }

    fn scrape(metrics: &Metrics) -> Scrape {
        Scrape::parse(&metrics.expose(Exposition::OpenMetrics))
    }

    #[test]
    fn a_breaker_speaks_as_those_of_resilience4j_do() {
        let metrics = Metrics::new("t");
        let bulkhead = Bulkhead::new(64, Duration::ZERO);
        let _watch = metrics.watch_edge("a->b", tripped(), Some(bulkhead));
        let scrape = scrape(&metrics);
        let of_edge = |name: &str, label: &str, value: &str| {
            let labels = [("name", "a->b"), (label, value)];
            scrape.value(&format!("resilience4j_{name}"), &labels)
        };
        for (name, label, value, expected) in [
            ("circuitbreaker_state", "state", "open", 1.0),
            ("circuitbreaker_state", "state", "closed", 0.0),
            ("circuitbreaker_calls_seconds_count", "kind", "failed", 2.0),
            ("circuitbreaker_calls_seconds_sum", "kind", "failed", 1.0),
            ("circuitbreaker_calls_seconds_max", "kind", "failed", 0.5),
            ("circuitbreaker_buffered_calls", "kind", "failed", 2.0),
            ("circuitbreaker_slow_calls", "kind", "failed", 0.0),
            ("circuitbreaker_failure_rate", "service", "t", 100.0),
            ("circuitbreaker_slow_call_rate", "service", "t", 0.0),
            ("bulkhead_available_concurrent_calls", "service", "t", 64.0),
            (
                "bulkhead_max_allowed_concurrent_calls",
                "service",
                "t",
                64.0,
            ),
            (
                "circuitbreaker_not_permitted_calls_total",
                "kind",
                "not_permitted",
                1.0,
            ),
        ] {
            assert_eq!(of_edge(name, label, value), expected, "{name} {value}");
        }
        let states = scrape.label_values("resilience4j_circuitbreaker_state", "state");
        assert_eq!(states.len(), State::ALL.len());
        let changes = |from, to| {
            let labels = [("edge", "a->b"), ("from", from), ("to", to)];
            scrape.value("circuit_breaker_transitions_total", &labels)
        };
        assert_eq!(changes("closed", "open"), 1.0);
        let left = scrape.label_values("circuit_breaker_transitions_total", "from");
        assert_eq!(left.len(), 3, "usual changes are there at 0: {left:?}");
    }

    #[test]
    fn of_two_clients_on_one_edge_the_newer_speaks_and_of_none_nothing_is_left() {
        let metrics = Metrics::new("t");
        let fresh = || CircuitBreaker::new(BreakerConfig::default());
        let old = metrics.watch_edge("a->b", tripped(), None);
        let new = metrics.watch_edge("a->b", fresh(), None);
        let state = [("name", "a->b"), ("state", "closed")];
        let closed = scrape(&metrics).value("resilience4j_circuitbreaker_state", &state);
        assert_eq!(closed, 1.0, "the newer one, and no series twice");
        metrics.http_client_duration.prepare(&["a->b", "answered"]);
        drop(old);
        assert!(metrics.render().contains("a->b"));
        drop(new);
        assert!(!metrics.render().contains("a->b"), "{}", metrics.render());
    }
}
