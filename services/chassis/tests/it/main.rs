//! The chassis on real parts: PostgreSQL and the Kafka-API broker, one binary because linking is what costs.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do: by panicking"
)]

mod client;
mod crashes;
mod database;
mod dead_letters;
mod delivery;
mod early_answers;
mod export;
mod idempotency;
mod message_spans;
mod metrics;
mod pool;
mod prometheus;
mod protections;
mod relay;
mod retention;
mod sampling;
mod shutdown;
mod spans;
mod support;
mod together;
