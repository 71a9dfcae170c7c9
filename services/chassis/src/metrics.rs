//! Metrics of a service: one registry, one list of names.
//!
//! A service lists its own metrics as [`Spec`]s and registers them beside those of the chassis (`names`). Labels are
//! bounded: route templates, never raw paths; edges, never URLs. Durations carry exemplars ([`Durations`]); breakers,
//! bulkheads and pools are read when scraped.

mod durations;
mod edges;
mod exemplar;
mod exposition;
mod names;
mod openmetrics;
mod pools;
mod protections;
mod sample;
mod spec;

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, RwLock},
    time::Duration,
};

use http::Method;
use prometheus::{
    IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder, core::Collector,
};
use resilience::{Bulkhead, CircuitBreaker};

pub use self::{
    durations::{Durations, SECONDS},
    edges::EdgeWatch,
    exposition::Exposition,
    spec::Spec,
};
use self::{edges::Edges, pools::Pools, protections::Protections};
use crate::{db::Db, telemetry};

/// Label value of a request that no route knows: paths that somebody makes up must not become series.
pub const UNMATCHED: &str = "unmatched";

/// The metrics of a service. Cloning gives another handle on the same ones: each request and each call holds one.
#[derive(Clone)]
pub struct Metrics(Arc<Recorded>);

/// What the chassis itself records. A service registers its business metrics beside it.
pub struct Recorded {
    registry: Registry,
    /// By name, for their exemplars.
    durations: RwLock<HashMap<&'static str, Durations>>,
    edges: Edges,
    pools: Pools,
    pub(crate) http_server_duration: Durations,
    pub(crate) http_server_active: IntGaugeVec,
    pub(crate) http_client_duration: Durations,
    /// Outcome: retried, refused_by_budget.
    pub(crate) retry_attempts: IntCounterVec,
    /// Kind: successful or failed, with or without retry.
    pub(crate) retry_calls: IntCounterVec,
    db_operation_duration: Durations,
    db_connection_wait: Durations,
    pub(crate) outbox_pending: IntGaugeVec,
    pub(crate) outbox_oldest_age: IntGaugeVec,
    pub(crate) outbox_published: IntCounterVec,
    /// Outcome: done, duplicate, ignored, dead_lettered.
    pub(crate) consumer_messages: IntCounterVec,
    pub(crate) consumer_lag: IntGaugeVec,
    pub(crate) consumer_duration: Durations,
    pub(crate) event_delivery: Durations,
    /// Outcome: hit, miss, error.
    pub(crate) cache_requests: IntCounterVec,
}

impl Deref for Metrics {
    type Target = Recorded;

    fn deref(&self) -> &Recorded {
        &self.0
    }
}

impl Metrics {
    /// A registry of its own, so that several services can live in one test process.
    pub fn new(service: &str) -> Self {
        let labels = [("service".to_owned(), service.to_owned())].into();
        let registry = Registry::new_custom(None, Some(labels))
            .expect("a registry with one constant label is valid");
        register(&registry, telemetry::items::collector());
        let all = RwLock::default();
        let edges = register(&registry, Edges::new());
        let pools = register(&registry, Pools::new());
        register(&registry, Protections::new());
        #[cfg(target_os = "linux")]
        register_process(&registry);
        let durations = |spec: Spec| register_durations(&registry, &all, spec, &SECONDS);
        let counter = |spec: Spec| counter(&registry, spec);
        let gauge = |spec: Spec| gauge(&registry, spec);
        Self(Arc::new(Recorded {
            http_server_duration: durations(names::HTTP_SERVER_DURATION),
            http_server_active: gauge(names::HTTP_SERVER_ACTIVE),
            http_client_duration: durations(names::HTTP_CLIENT_DURATION),
            retry_attempts: counter(names::RETRY_ATTEMPTS),
            retry_calls: counter(names::RETRY_CALLS),
            db_operation_duration: durations(names::DB_OPERATION_DURATION),
            db_connection_wait: durations(names::DB_CONNECTION_WAIT),
            outbox_pending: gauge(names::OUTBOX_PENDING),
            outbox_oldest_age: gauge(names::OUTBOX_OLDEST_AGE),
            outbox_published: counter(names::OUTBOX_PUBLISHED),
            consumer_messages: counter(names::CONSUMER_MESSAGES),
            consumer_lag: gauge(names::CONSUMER_LAG),
            consumer_duration: durations(names::CONSUMER_DURATION),
            event_delivery: durations(names::EVENT_DELIVERY),
            cache_requests: counter(names::CACHE_REQUESTS),
            edges,
            pools,
            durations: all,
            registry,
        }))
    }

    /// Registers counters of the service's own. Registering one name twice is a programming error, here and below.
    pub fn counter(&self, spec: Spec) -> IntCounterVec {
        counter(&self.registry, spec)
    }

    /// A counter without labels; it is there, at 0, from the start.
    pub fn single_counter(&self, spec: Spec) -> IntCounter {
        let counter = IntCounter::with_opts(spec.opts()).expect("the name is valid");
        register(&self.registry, counter)
    }

    /// Gauges.
    pub fn gauge(&self, spec: Spec) -> IntGaugeVec {
        gauge(&self.registry, spec)
    }

    /// A gauge without labels.
    pub fn single_gauge(&self, spec: Spec) -> IntGauge {
        let gauge = IntGauge::with_opts(spec.opts()).expect("the name is valid");
        register(&self.registry, gauge)
    }

    /// Durations, with edges that ascend; [`SECONDS`] suits whatever a request waits for.
    pub fn durations(&self, spec: Spec, edges: &[f64]) -> Durations {
        register_durations(&self.registry, &self.durations, spec, edges)
    }

    /// Records one SQL statement. The summary names operation and table (`SELECT orders`), never a value.
    pub fn db_operation(&self, summary: &str, took: Duration) {
        self.db_operation_duration.observe(&[summary], took);
    }

    /// Shows a breaker, and a bulkhead if there is one, under the edge's name, as long as the returned watch lives.
    pub fn watch_edge(
        &self,
        edge: &str,
        breaker: CircuitBreaker,
        bulkhead: Option<Bulkhead>,
    ) -> EdgeWatch {
        self.edges.watch(self, edge, breaker, bulkhead)
    }

    /// Shows the connections of the service's pool, and who waits for one how long.
    pub fn watch_pool(&self, db: &Db) {
        self.db_connection_wait.prepare(&[]);
        db.record_waits(self.db_connection_wait.clone());
        self.pools.watch(db);
    }

    /// What a scraper gets, in the format that it asked for.
    pub fn expose(&self, format: Exposition) -> String {
        let families = self.registry.gather();
        match format {
            Exposition::Text => TextEncoder::new()
                .encode_to_string(&families)
                .expect("gathered families are well-formed"),
            Exposition::OpenMetrics => {
                let durations = self.durations.read().expect("no panic while held");
                openmetrics::encode(&families, |name, labels| {
                    let found = durations.get(name);
                    found.map_or_else(Vec::new, |durations| durations.exemplars(labels))
                })
            }
        }
    }

    /// The plain text format.
    pub fn render(&self) -> String {
        self.expose(Exposition::Text)
    }

    /// Drops the series of an edge that nobody calls any more: instances come and go, their addresses must not pile up.
    fn forget_edge(&self, edge: &str) {
        self.http_client_duration.forget(edge);
        for outcome in RETRY_OUTCOMES {
            // Absent if the edge was never called.
            let _ = self.retry_attempts.remove_label_values(&[edge, outcome]);
        }
        for kind in RETRY_KINDS {
            let _ = self.retry_calls.remove_label_values(&[edge, kind]);
        }
    }
}

/// Whether a further try was made.
pub(crate) const RETRY_OUTCOMES: [&str; 2] = ["retried", "refused_by_budget"];

/// How a call ended, as Resilience4j tells it.
pub(crate) const RETRY_KINDS: [&str; 4] = [
    "successful_without_retry",
    "successful_with_retry",
    "failed_without_retry",
    "failed_with_retry",
];

/// The method as label: one of those that HTTP knows, or `_OTHER`, for a caller may make up any word.
pub(crate) fn method_label(method: &Method) -> &str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::CONNECT,
        Method::TRACE,
    ];
    if KNOWN.contains(method) {
        method.as_str()
    } else {
        "_OTHER"
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> C {
    registry
        .register(Box::new(collector.clone()))
        .expect("each metric is registered once");
    collector
}

/// Memory, processor time, open files, start: from `/proc`, under the names that every client library uses.
#[cfg(target_os = "linux")]
fn register_process(registry: &Registry) {
    let process = prometheus::process_collector::ProcessCollector::for_self();
    registry
        .register(Box::new(process))
        .expect("each metric is registered once");
}

fn register_durations(
    registry: &Registry,
    all: &RwLock<HashMap<&'static str, Durations>>,
    spec: Spec,
    edges: &[f64],
) -> Durations {
    let durations = Durations::new(spec, edges);
    register(registry, durations.collector());
    let mut all = all.write().expect("no panic while held");
    all.insert(durations.name(), durations.clone());
    durations
}

fn counter(registry: &Registry, spec: Spec) -> IntCounterVec {
    let counter = IntCounterVec::new(spec.opts(), spec.labels).expect("names are valid");
    register(registry, counter)
}

fn gauge(registry: &Registry, spec: Spec) -> IntGaugeVec {
    let gauge = IntGaugeVec::new(spec.opts(), spec.labels).expect("names are valid");
    register(registry, gauge)
}

#[cfg(test)]
mod tests;
