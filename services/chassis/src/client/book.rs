//! The edges of a service as its admin port shows them: each with its policy and how its protections stand.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use resilience::{BreakerConfig, Snapshot, Window};
use serde::Serialize;

use super::Guards;

/// All edges whose clients are in use.
#[derive(Clone, Default)]
pub struct EdgeBook(Arc<Mutex<Vec<Entry>>>);

/// `caller->callee`, and what guards it for as long as its client is in use.
type Entry = (String, Weak<Guards>);

/// An edge. Times are in milliseconds.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of EdgePolicy and its parts")]
pub struct EdgeView {
    /// `caller->callee`.
    pub edge: String,
    pub deadline_ms: u64,
    pub try_timeout_ms: u64,
    pub connect_timeout_ms: u64,
    pub retry: RetryView,
    pub breaker: BreakerView,
    pub bulkhead: BulkheadView,
    /// Protections that are switched off now: see `/protections`.
    pub off: Vec<&'static str>,
}

/// When calls are tried again.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of EdgePolicy and its parts")]
pub struct RetryView {
    pub attempts_max: u32,
    pub backoff_base_ms: u64,
    pub backoff_cap_ms: u64,
    pub budget_percent: u32,
    pub budget_per_second_min: u32,
    /// Retries that the budget would grant now.
    pub budget_balance: u64,
}

/// When calls are not made. `…_max` is where it opens.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of BreakerConfig")]
pub struct BreakerView {
    pub state: &'static str,
    pub failure_rate_percent: Option<f64>,
    pub slow_call_rate_percent: Option<f64>,
    /// The sliding window is of so many calls,
    pub window_calls: Option<u32>,
    /// or of so much time.
    pub window_ms: Option<u64>,
    pub calls_min: u32,
    pub failure_rate_percent_max: u8,
    pub slow_call_rate_percent_max: u8,
    pub slow_call_ms: u64,
    pub half_open_permits: u32,
    pub open_wait_ms: u64,
    pub open_wait_multiplier: f64,
    pub open_wait_ms_max: u64,
    pub half_open_wait_ms_max: Option<u64>,
}

/// How many calls there may be at once.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of EdgePolicy and its parts")]
pub struct BulkheadView {
    pub calls_in_flight_max: usize,
    pub calls_in_flight: usize,
    pub queue_wait_max_ms: u64,
}

impl EdgeBook {
    pub(super) fn enter(&self, edge: &str, guards: &Arc<Guards>) {
        let mut edges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        edges.retain(|(_, guards)| guards.strong_count() > 0);
        edges.push((edge.to_owned(), Arc::downgrade(guards)));
    }

    /// By name.
    pub fn list(&self) -> Vec<EdgeView> {
        let edges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = edges.iter().filter_map(|(edge, guards)| {
            let guards = guards.upgrade()?;
            Some(guards.view(edge))
        });
        let mut views: Vec<EdgeView> = alive.collect();
        views.sort_by(|one, other| one.edge.cmp(&other.edge));
        views
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn breaker(settings: &BreakerConfig, now: &Snapshot) -> BreakerView {
    let (window_calls, window_ms) = match settings.window {
        Window::Count(calls) => (Some(calls), None),
        Window::Time(time) => (None, Some(millis(time))),
    };
    BreakerView {
        state: now.state.as_str(),
        failure_rate_percent: now.failure_rate_percent,
        slow_call_rate_percent: now.slow_call_rate_percent,
        window_calls,
        window_ms,
        calls_min: settings.minimum_calls,
        failure_rate_percent_max: settings.failure_rate_percent,
        slow_call_rate_percent_max: settings.slow_call_rate_percent,
        slow_call_ms: millis(settings.slow_call_duration),
        half_open_permits: settings.half_open_permits,
        open_wait_ms: millis(settings.open_wait),
        open_wait_multiplier: settings.open_wait_multiplier,
        open_wait_ms_max: millis(settings.open_wait_max),
        half_open_wait_ms_max: settings.half_open_wait_max.map(millis),
    }
}

impl Guards {
    fn view(&self, edge: &str) -> EdgeView {
        let (policy, now) = (&self.policy, Instant::now());
        EdgeView {
            edge: edge.to_owned(),
            deadline_ms: millis(policy.deadline),
            try_timeout_ms: millis(policy.try_timeout),
            connect_timeout_ms: millis(policy.connect_timeout),
            retry: RetryView {
                attempts_max: policy.backoff.max_attempts,
                backoff_base_ms: millis(policy.backoff.base),
                backoff_cap_ms: millis(policy.backoff.cap),
                budget_percent: policy.retry_budget_percent,
                budget_per_second_min: policy.retries_per_second_min,
                budget_balance: self.budget.balance(now),
            },
            breaker: breaker(&policy.breaker, &self.breaker.snapshot(now)),
            bulkhead: BulkheadView {
                calls_in_flight_max: policy.calls_in_flight_max,
                calls_in_flight: self.bulkhead.in_flight(),
                queue_wait_max_ms: millis(policy.queue_wait_max),
            },
            off: self.switches.off(),
        }
    }
}
