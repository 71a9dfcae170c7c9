//! Tests of the public API, one binary so that it links once. Time is handed in; nothing sleeps.

mod backoff;
mod breaker;
mod breaker_config;
mod breaker_history;
mod breaker_model;
mod breaker_operator;
mod breaker_permits;
mod breaker_recovery;
mod breaker_times;
mod budget;
mod bulkhead;
mod deadline;
