//! The chassis on real parts: PostgreSQL and the Kafka-API broker, one binary because linking is what costs.

mod crashes;
mod database;
mod dead_letters;
mod delivery;
mod idempotency;
mod relay;
mod support;
