//! Takes notes while the load runs: one histogram an endpoint and one a slice of time, faults by sort, the slowest
//! traces, and a line of history for every operation.
//!
//! Only what was *meant to start* inside the measured window is measured: warm-up is left out, and what started inside
//! and ends after it counts, however long it takes.

pub(crate) mod tally;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{SecondsFormat, Utc};
use uuid::Uuid;

pub(crate) use self::tally::Tally;
use crate::{
    fault::{Fault, Kind},
    history::{History, Line, Outcome},
};

/// One request and what came of it.
pub(crate) struct Operation<'a> {
    pub(crate) scenario: &'static str,
    pub(crate) endpoint: &'static str,
    pub(crate) is_write: bool,
    pub(crate) intended: Instant,
    pub(crate) started: Instant,
    pub(crate) ended: Instant,
    pub(crate) status: Option<u16>,
    pub(crate) fault: Option<&'a Fault>,
    pub(crate) trace_id: &'a str,
    pub(crate) key: Option<Uuid>,
    pub(crate) order: Option<Uuid>,
    pub(crate) order_status: Option<&'a str>,
}

/// The part of a run that is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: Instant,
    pub(crate) until: Instant,
}

/// Collects while the load runs.
#[derive(Default)]
pub struct Recorder {
    inner: Mutex<Inner>,
    history: Option<Arc<History>>,
}

#[derive(Default)]
struct Inner {
    window: Option<Window>,
    set_up: Tally,
    measured: Tally,
    arrivals: u64,
    dropped: u64,
}

/// Everything that was noted.
pub(crate) struct Notes {
    pub(crate) window: Window,
    pub(crate) set_up: Tally,
    pub(crate) measured: Tally,
    pub(crate) arrivals: u64,
    pub(crate) dropped: u64,
}

/// Figures of a run under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoFar {
    /// Requests answered.
    pub requests: u64,
    /// Orders settled.
    pub orders: u64,
    /// Wrong answers, and visits that were dropped.
    pub errors: u64,
}

impl Recorder {
    /// Notes that also go to a file.
    pub fn with_history(history: Arc<History>) -> Self {
        Self {
            history: Some(history),
            ..Self::default()
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic while held")
    }

    /// What comes from now on is the run; what came before was its set-up.
    pub(crate) fn open(&self, from: Instant, length: Duration) {
        let mut inner = self.inner();
        inner.window = Some(Window {
            from,
            until: from + length,
        });
        inner.measured = Tally::sliced(length);
    }

    /// The part that is measured, once it is known.
    pub(crate) fn window(&self) -> Option<Window> {
        self.inner().window
    }

    /// The run was stopped: the window ends now.
    pub(crate) fn close_early(&self) {
        let now = Instant::now();
        if let Some(window) = &mut self.inner().window {
            window.until = window.until.min(now).max(window.from);
        }
    }

    /// Notes one request.
    pub(crate) fn note(&self, operation: Operation<'_>) {
        if let Some(history) = &self.history {
            history.write(&line(&operation));
        }
        let mut inner = self.inner();
        match inner.window {
            None => inner.set_up.add(&operation, None),
            Some(window) if window.holds(operation.intended) => {
                inner.measured.add(&operation, Some(window.from));
            }
            Some(_) => {}
        }
    }

    /// Notes a visit that the schedule asked for.
    pub(crate) fn arrival(&self, intended: Instant, sent: bool) {
        let mut inner = self.inner();
        let Some(window) = inner.window.filter(|window| window.holds(intended)) else {
            return;
        };
        inner.arrivals += 1;
        if !sent {
            inner.dropped += 1;
            inner.measured.dropped(intended - window.from);
        }
    }

    /// Notes what became of an order that was meant at `intended`.
    pub(crate) fn order(&self, intended: Instant, outcome: String) {
        let mut inner = self.inner();
        if inner.window.is_some_and(|window| window.holds(intended)) {
            *inner.measured.orders.entry(outcome).or_default() += 1;
        }
    }

    /// Where the run stands.
    pub fn so_far(&self) -> SoFar {
        let inner = self.inner();
        SoFar {
            requests: inner.measured.requests(),
            orders: inner.measured.orders.values().sum(),
            errors: inner.measured.errors(),
        }
    }

    /// Hands everything over; the recorder is empty afterwards.
    pub(crate) fn take(&self) -> Notes {
        let inner = std::mem::take(&mut *self.inner());
        let now = Instant::now();
        Notes {
            window: inner.window.unwrap_or(Window {
                from: now,
                until: now,
            }),
            set_up: inner.set_up,
            measured: inner.measured,
            arrivals: inner.arrivals,
            dropped: inner.dropped,
        }
    }
}

impl Window {
    fn holds(self, moment: Instant) -> bool {
        (self.from..self.until).contains(&moment)
    }
}

fn line<'a>(operation: &Operation<'a>) -> Line<'a> {
    let took = operation.ended - operation.intended;
    let began = chrono::Duration::from_std(took).unwrap_or_default();
    Line {
        at: (Utc::now() - began).to_rfc3339_opts(SecondsFormat::Micros, true),
        took_ms: took.as_secs_f64() * 1e3,
        scenario: operation.scenario,
        endpoint: operation.endpoint,
        outcome: outcome(operation),
        status: operation.status,
        fault: operation.fault.map(ToString::to_string),
        idempotency_key: operation.key.map(|key| key.to_string()),
        order_id: operation.order.map(|id| id.to_string()),
        order_status: operation.order_status,
        trace_id: operation.trace_id,
    }
}

/// A read that fails has done nothing. A write without a clear answer may have done everything.
fn outcome(operation: &Operation<'_>) -> Outcome {
    match operation.status {
        Some(200..300) => Outcome::Ok,
        Some(400..500) => Outcome::Failed,
        _ if operation.is_write => Outcome::Unknown,
        _ => Outcome::Failed,
    }
}

/// Faults by sort and text.
pub(crate) type Faults = BTreeMap<(Kind, String), u64>;

#[cfg(test)]
mod tests;
