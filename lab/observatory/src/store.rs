//! What the observatory knows: traces and logs, in memory, bounded.
//!
//! | module | what |
//! |---|---|
//! | `traces` | spans by trace: put in, pushed out, got by id |
//! | `search` | finding traces |
//! | `overview` | summaries, services, operations, dependencies |
//! | `logs` | log records |
//! | `span`, `origin`, `compact`, `pool` | how they are kept: every string once |
//! | `heap` | what they cost |
//! | `evicted` | what must not come back |
//!
//! Everything leaves as OTLP ([`crate::wire`]), whoever asks. Nothing is written to disk.

mod compact;
mod evicted;
mod heap;
mod ids;
mod logs;
mod origin;
mod overview;
mod pool;
mod search;
mod span;
mod traces;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use serde::Serialize;

pub use self::ids::TraceId;
pub use self::logs::{LogOutcome, LogSearch};
pub(crate) use self::origin::service_name;
pub use self::overview::{Dependency, OperationName, Summary};
pub use self::search::{Search, kind_name};
pub use self::traces::SpanOutcome;
use self::{logs::Logs, traces::Traces};
use crate::wire::{LogsData, TracesData};

/// Traces get three quarters of the memory, logs the rest.
const LOG_SHARE: usize = 4;

/// The store. Each call takes a lock for as long as it works on one trace or one request; the
/// answers are the caller's own.
pub struct Store {
    traces: Mutex<Traces>,
    logs: Mutex<Logs>,
}

/// How full it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// How many traces, or log records.
    pub items: usize,
    /// How many spans; the same as `items` for logs.
    pub parts: usize,
    /// What they take, in bytes.
    pub bytes: usize,
    /// What they may take, in bytes.
    pub bytes_max: usize,
}

impl Store {
    /// A store that takes at most `bytes_max` bytes of memory.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        let logs = bytes_max / LOG_SHARE;
        Self {
            traces: Mutex::new(Traces::new(bytes_max - logs)),
            logs: Mutex::new(Logs::new(logs)),
        }
    }

    /// Stores spans.
    pub fn insert_spans(&self, data: TracesData) -> SpanOutcome {
        self.traces().insert(data)
    }

    /// Stores log records.
    pub fn insert_logs(&self, data: LogsData) -> LogOutcome {
        self.logs().insert(data)
    }

    /// All that there is of a trace.
    #[must_use]
    pub fn trace(&self, id: TraceId) -> Option<TracesData> {
        self.traces().get(id)
    }

    /// A trace in short.
    #[must_use]
    pub fn summary(&self, id: TraceId) -> Option<Summary> {
        self.traces().summary(id)
    }

    /// The traces that a search finds, the latest first.
    #[must_use]
    pub fn search(&self, search: &Search) -> Vec<TraceId> {
        self.traces().search(search)
    }

    /// The services that have spans here.
    #[must_use]
    pub fn services(&self) -> BTreeSet<String> {
        self.traces().services()
    }

    /// The operations of a service.
    #[must_use]
    pub fn operations(&self, service: &str) -> BTreeSet<OperationName> {
        self.traces().operations(service)
    }

    /// Calls between services whose spans started in this time, in nanoseconds since 1970.
    #[must_use]
    pub fn dependencies(&self, start: u64, end: u64) -> Vec<Dependency> {
        self.traces().dependencies(start, end)
    }

    /// Log records, by resource and scope.
    #[must_use]
    pub fn find_logs(&self, search: &LogSearch) -> LogsData {
        self.logs().search(search)
    }

    /// How full it is of traces.
    #[must_use]
    pub fn trace_fill(&self) -> Fill {
        let traces = self.traces();
        Fill {
            items: traces.traces.len(),
            parts: traces.span_count(),
            bytes: traces.bytes(),
            bytes_max: traces.bytes_max(),
        }
    }

    /// How full it is of log records.
    #[must_use]
    pub fn log_fill(&self) -> Fill {
        let logs = self.logs();
        Fill {
            items: logs.len(),
            parts: logs.len(),
            bytes: logs.bytes(),
            bytes_max: logs.bytes_max(),
        }
    }

    fn traces(&self) -> MutexGuard<'_, Traces> {
        self.traces.lock().expect("nothing panics with the lock")
    }

    fn logs(&self) -> MutexGuard<'_, Logs> {
        self.logs.lock().expect("nothing panics with the lock")
    }
}
