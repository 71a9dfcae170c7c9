//! The patterns that keep one failing part from failing the whole: circuit breaker, bulkhead, retry budget, backoff, deadline.
//!
//! Each is a small state machine that is handed the time (`now: Instant`), so a test can walk through an hour in a
//! millisecond and every run is repeatable. The bulkhead alone waits for real, on tokio's clock, because waiting is its job.
//!
//! Not here: HTTP, metrics, logging, retrying itself. The caller puts the parts in order around a call, outermost first:
//! deadline, retry (with [`Backoff`] and [`RetryBudget`]), [`CircuitBreaker`], [`Bulkhead`], timeout of the single try.
//!
//! Start at [`CircuitBreaker`]; the rest fits on a screen each.

mod backoff;
mod breaker;
mod budget;
mod bulkhead;
mod deadline;
mod ring;

pub use backoff::Backoff;
pub use breaker::{
    BreakerConfig, CallResult, CallTimes, Cause, CircuitBreaker, ConfigError, Counts, Permit,
    Rejected, Snapshot, State, Times, Totals, Transition, Window,
};
pub use budget::RetryBudget;
pub use bulkhead::{Bulkhead, BulkheadFull, BulkheadPermit};
pub use deadline::Deadline;
